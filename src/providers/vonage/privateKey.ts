import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto"
import { Option, type Redacted as RedactedValue, Redacted, Result } from "effect"

/** PKCS#8 as Vonage issues it, or PKCS#1. */
const armoured = /-----BEGIN ((?:RSA )?PRIVATE KEY)-----([\s\S]*?)-----END \1-----/

/** Bits of the weakest RSA key that RS256 takes (RFC 7518, section 3.3). */
const weakest = 2048

/**
 * A private key as PEM (RFC 7468) whatever pasting has made of its line ends: written as `\n`, as CRLF, as spaces, or lost. Text
 * that holds no private key comes back trimmed.
 */
export const normalizedKey = (text: string): string => {
  const unescaped = text.replace(/\\r|\\n/g, "\n").trim()
  const [, label, content = ""] = armoured.exec(unescaped) ?? []
  if (label === undefined) return unescaped
  const lines = content.replace(/\s+/g, "").match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`].join("\n")
}

const readPrivate = (pem: string): Option.Option<KeyObject> =>
  armoured.test(pem) ? Result.getSuccess(Result.try(() => createPrivateKey(pem))) : Option.none()

/** Whether the text is an unencrypted RSA private key that is strong enough. */
export const isSigningKey = (pem: string): boolean =>
  Option.exists(
    readPrivate(pem),
    ({ asymmetricKeyType, asymmetricKeyDetails }) =>
      asymmetricKeyType === "rsa" && (asymmetricKeyDetails?.modulusLength ?? 0) >= weakest
  )

/** The key itself; none where the text is not one. */
export const signingKey = (pem: RedactedValue.Redacted<string>): Option.Option<KeyObject> =>
  Option.filter(readPrivate(Redacted.value(pem)), ({ asymmetricKeyType }) => asymmetricKeyType === "rsa")

const spki = (key: KeyObject) => key.export({ type: "spki", format: "der" })

/** Whether a public key in PEM is the other half of a private one. Undefined when the text is no public key. */
export const belongTogether = (pem: RedactedValue.Redacted<string>, publicPem: string): boolean | undefined =>
  Option.getOrUndefined(
    Result.getSuccess(
      Result.try(() => spki(createPublicKey(Redacted.value(pem))).equals(spki(createPublicKey(publicPem))))
    )
  )
