import { layer, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import * as providers from "../../src/providers/index.ts"
import type { ProviderSpec } from "../../src/ProviderSpec.ts"
import { agentTests } from "./agents.ts"
import { callTests } from "./calls.ts"
import { callbackTests } from "./callbacks.ts"
import { configurationTests } from "./configurations.ts"
import { hygieneTests } from "./hygiene.ts"
import { accountOf } from "./table.ts"
import { transferTests } from "./transfers.ts"
import { World } from "./world.ts"

/** What whole parts of the suite are about. What a provider declares not to do is tested to be refused instead. */
export interface Capabilities {
  readonly dials: boolean
  readonly transfers: boolean
}

/** A part of the suite: declares its tests in the world of one provider. */
export type Tests = (it: Vitest.MethodsNonLive<World>, can: Capabilities) => void

const parts: ReadonlyArray<Tests> = [
  configurationTests,
  callTests,
  agentTests,
  callbackTests,
  transferTests,
  hygieneTests
]

const specs: ReadonlyArray<ProviderSpec> = Object.values(providers).map(({ spec }) => spec)

/** The providers of the registry are shared out among the files of the suite, so that some of them run side by side. */
const shares = 8

/**
 * The contract that every provider keeps, run against its own fake carrier through the whole service. A provider is in it by
 * being in the list of providers.
 */
export const contract = async (share: number) => {
  const mine = specs.filter((_, index) => index % shares === share)
  for (const spec of mine) {
    const module = await spec.simulator?.()
    if (module === undefined) continue
    const { transfer } = await Effect.runPromise(accountOf(spec, module.simulator))
    const can: Capabilities = { dials: spec.inboundOnly !== true, transfers: transfer !== undefined }
    layer(World.layer(spec, module.simulator), { excludeTestServices: true, timeout: "60 seconds" })(
      `the contract, kept by ${spec.name}`,
      (it) => {
        for (const part of parts) part(it, can)
      }
    )
  }
}
