import { Layer } from "effect"
import type { Registry } from "../Registry.ts"
import * as providers from "./index.ts"

/** Registers every provider of `index.ts`. */
export const layer: Layer.Layer<never, never, Registry> = Layer.mergeAll(
  Layer.empty,
  ...Object.values(providers).map((provider) => provider.layer)
)
