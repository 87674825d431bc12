import { Clock, Effect } from "effect"
import type { CarrierError } from "../../carrier/CarrierError.ts"
import type { CarrierToolkit } from "../../carrier/CarrierToolkit.ts"
import type { ListenerDesk } from "../../carrier/Listener.ts"
import type { AttachedAccount } from "../../ProviderSpec.ts"
import { type AriConfig, stasisApp, tagOf } from "./config.ts"
import { type Names, namesOf } from "./ids.ts"
import { type Release, readRelease } from "./release.ts"
import { type AriRest, makeRest } from "./rest.ts"

/** An Asterisk that is upgraded is found out after this time, ms. */
const releaseKnownFor = 5 * 60_000

/** What every part of the provider works with: one configuration's Asterisk. */
export interface AriAccount {
  readonly configurationId: string
  readonly config: AriConfig
  readonly app: string
  readonly names: Names
  readonly rest: AriRest
  readonly toolkit: CarrierToolkit["Service"]
  /** What this Asterisk can do; asked for now and then. */
  readonly release: Effect.Effect<Release, CarrierError>
  /** The desk of the connection that is up in this process, and a way to leave work with it. */
  readonly connection: Connection
}

/** Set while the events connection of this provider value is up. */
export interface Connection {
  open: { readonly desk: ListenerDesk; readonly fork: (work: Effect.Effect<void>) => void } | undefined
}

export const makeAccount = (
  toolkit: CarrierToolkit["Service"],
  config: AriConfig,
  { configurationId }: AttachedAccount
): AriAccount => {
  const rest = makeRest(toolkit, config)
  let known: { readonly release: Release; readonly until: number } | undefined
  const release = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    if (known !== undefined && now < known.until) return known.release
    const asked = readRelease(yield* rest.version)
    known = { release: asked, until: now + releaseKnownFor }
    return asked
  })
  return {
    configurationId,
    config,
    app: stasisApp(config.stasisApp, configurationId),
    names: namesOf(tagOf(configurationId)),
    rest,
    toolkit,
    release,
    connection: { open: undefined }
  }
}
