import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // The package as Node loads it: CommonJS and a native addon are not for vite to transform.
    server: { deps: { external: [/rat-node\/(index|lib)/] } },
    // A debug build of the engine, on a machine that compiles beside it.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
