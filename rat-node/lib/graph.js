'use strict'

const { told } = require('./errors.js')

/** What reads what. */
class Graph {
  #native

  constructor(native) {
    this.#native = native
    const { nodes, edges } = native.data()
    this.nodes = nodes
    this.edges = edges
  }

  order() {
    return this.#native.order()
  }

  upstream(pipeline) {
    return told(() => this.#native.upstream(pipeline))
  }

  downstream(pipeline) {
    return told(() => this.#native.downstream(pipeline))
  }

  toMermaid() {
    return this.#native.toMermaid()
  }

  toJSON() {
    return { nodes: this.nodes, edges: this.edges }
  }
}

module.exports = { Graph }
