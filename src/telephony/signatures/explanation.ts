import { Effect } from "effect"
import type { RawRequest } from "../../carrier/RawRequest.ts"
import type { SignatureRejected } from "../../carrier/VerifiedRequest.ts"
import type { ProviderSpec } from "../../ProviderSpec.ts"
import { type Alternative, alternativeUrls } from "./alternatives.ts"
import type { SignatureExplanation } from "./FailureDetails.ts"
import { redactedUrl, signatureHeaders } from "./redaction.ts"

/** A configuration that a refused request may belong to, and the check that refused it. */
export interface Suspect {
  readonly configurationId: string
  readonly spec: ProviderSpec
  readonly verify: (raw: RawRequest) => Effect.Effect<unknown, SignatureRejected>
}

/** How long trying may take. */
const patience = "1 second"

/** The first address that the signature fits. Other fibers run between two tries: this is never urgent. */
const signedAs = Effect.fnUntraced(function* (
  { verify }: Suspect,
  raw: RawRequest,
  alternatives: ReadonlyArray<Alternative>
) {
  for (const alternative of alternatives) {
    yield* Effect.yieldNow
    if (yield* Effect.isSuccess(verify({ ...raw, publicUrl: alternative.url }))) return alternative
  }
  return undefined
})

const adviceFor = (publicUrl: string, { base }: Alternative) =>
  base === undefined
    ? "Correct the end of the address at the carrier (sync the phone number), or keep proxies from changing the path."
    : `PUBLIC_URL is ${publicUrl}, the carrier was given ${base}: set PUBLIC_URL to ${base} and start the service again. If ${publicUrl} is what it should be, sync the phone numbers, so that the carrier gets the new address.`

/** The fields that a signature may be made with: the form does not say which. */
const secretFields = ({ uiMetadata, accountIdCredentialField }: ProviderSpec) => {
  const secret = uiMetadata.fields.filter(({ name, sensitive }) => sensitive && name !== accountIdCredentialField)
  const passwords = secret.filter(({ type }) => type === "password" || type === "textarea")
  return (passwords.length > 0 ? passwords : secret).map(({ label, name }) => `${label} (${name})`).join(", ")
}

const likeliest = (spec: ProviderSpec, raw: RawRequest) => {
  if (signatureHeaders(raw).length === 0) {
    return `The request has no header that looks like a signature. Either the carrier did not send it, or a proxy takes headers away, or signing is switched off at the carrier. Let proxies pass all headers on.`
  }
  const fields = secretFields(spec)
  const secret = fields === "" ? "the secret" : `${fields} of the configuration`
  return `No address that a proxy could have made of ours fits the signature. Likeliest: a wrong secret (compare ${secret} with the carrier's console); next: a proxy changes the body on its way (${raw.body.length} bytes arrived), or the carrier was given a quite different address (sync the phone number).`
}

/**
 * Finds out why a signature was refused, by checking it for the addresses that proxies and settings could have made of ours.
 * Only explains: what is found proves nothing about the request, and nobody acts on it.
 */
export const explain = (
  publicUrl: string,
  suspect: Suspect,
  raw: RawRequest,
  known: ReadonlySet<string>
): Effect.Effect<SignatureExplanation> =>
  signedAs(suspect, raw, alternativeUrls(publicUrl, raw)).pipe(
    Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.undefined }),
    Effect.map((found) => {
      const prefixes = new Set([...known, ...(found?.base ?? "").split("/").slice(3)])
      return {
        signed_url: found === undefined ? null : redactedUrl(found.url, prefixes),
        rebuilt_url: redactedUrl(raw.publicUrl, known),
        differs: found?.differs ?? [],
        next_step: found === undefined ? likeliest(suspect.spec, raw) : adviceFor(publicUrl, found)
      }
    })
  )

/** The same for a request that cannot be laid at any configuration's door. */
export const unexplained = (raw: RawRequest, known: ReadonlySet<string>, nextStep: string): SignatureExplanation => ({
  signed_url: null,
  rebuilt_url: redactedUrl(raw.publicUrl, known),
  differs: [],
  next_step: nextStep
})
