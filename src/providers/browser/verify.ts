import { Clock, Effect, Option } from "effect"
import type { RawRequest } from "../../carrier/RawRequest.ts"
import { type InboundCall, MalformedWebhook } from "../../carrier/TelephonyProvider.ts"
import { isOwnOrigin } from "../../network/ownOrigin.ts"
import { SignatureRejected, VerifiedRequest } from "../../carrier/VerifiedRequest.ts"
import { provider } from "./config.ts"
import { type Keys, type Pass, provenPass } from "./pass.ts"

const rejected = (reason: string) => new SignatureRejected({ provider, reason })

const bodyOf = (request: Pick<RawRequest, "body">) => Buffer.from(request.body).toString("utf8")

/** Why a pass that we signed is not good here and now. */
const objection = (pass: Pass, configurationId: string, now: number): string | undefined => {
  if (pass.configuration !== configurationId) return "the pass is for another configuration"
  if (pass.expires <= now) return "the pass has expired: they are good for 60 s. Ask for a new one"
  return undefined
}

/** The provider's `verify`: the URL is one that we gave out for this configuration, and the body is a pass that we signed. */
export const verifier = (configurationId: string, keys: Keys) =>
  VerifiedRequest.verifier(
    Effect.fnUntraced(function* (request: RawRequest) {
      if (request.urlToken !== "configuration") return yield* rejected("the URL is not the configuration's own")
      if (request.method !== "POST") return yield* rejected("a pass is shown with POST")
      const pass = Option.getOrUndefined(provenPass(keys, bodyOf(request)))
      if (pass === undefined) return yield* rejected("the body is no pass of this configuration, or it was changed")
      const why = objection(pass, configurationId, yield* Clock.currentTimeMillis)
      return why === undefined ? request : yield* rejected(why)
    })
  )

/** The call that a shown pass begins. Whose pass it is was proved; its content is read anew from what was proved. */
export const inboundReader = (keys: Keys) => (request: VerifiedRequest) =>
  Option.match(provenPass(keys, bodyOf(request)), {
    onNone: () => Effect.fail(new MalformedWebhook({ provider, message: "the body is no pass" })),
    onSome: ({ agent, call, to }) =>
      Effect.succeed<InboundCall>({ providerCallId: call, from: provider, to, agentId: agent, details: {} })
  })

/** Pages of other sites may open WebSockets to anywhere, and say so in `Origin`. Programs say nothing. */
export const verifyUpgrade = (request: RawRequest): Effect.Effect<void, SignatureRejected> => {
  const { headers, publicUrl } = request
  return headers["origin"] === undefined || isOwnOrigin(headers, publicUrl)
    ? Effect.void
    : Effect.fail(rejected("the media socket was opened by a page of another site than this service"))
}
