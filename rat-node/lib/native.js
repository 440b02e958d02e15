'use strict'

/** The library, compiled for one platform. */
function load() {
  try {
    return require('../rat.node')
  } catch (cause) {
    const machine = `${process.platform} ${process.arch} with Node ${process.versions.node}`
    const way = 'install @rat/node as it is packed for this platform, or pack it here: `make npm` in a clone of rat'
    throw new Error(`@rat/node has no library that loads on ${machine}: ${way}`, { cause })
  }
}

module.exports = load()
