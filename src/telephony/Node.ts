import { randomBytes } from "node:crypto"
import { Context, Effect, Layer } from "effect"

/** This process among those that share the database. A new start is a new node: what the old one held is lost. */
export class Node extends Context.Service<Node, { readonly id: string }>()("switchboard/Node") {
  static readonly layer = Layer.effect(
    Node,
    Effect.sync(() => Node.of({ id: randomBytes(8).toString("hex") }))
  )
}
