import { Effect, Schema } from "effect"
import { define } from "../../src/ProviderSpec.ts"
import { TransportError } from "../../src/Transport.ts"

/** The least that can be a provider, for tests of the provider system. It cannot carry a call. */
export const tinySpec = <const Name extends string>(name: Name) =>
  define({
    name,
    fields: {
      account: Schema.RedactedFromValue(Schema.NonEmptyString),
      secret: Schema.RedactedFromValue(Schema.String.check(Schema.isMinLength(8))),
      region: Schema.optionalKey(Schema.String)
    },
    configLoader: (stored) => stored,
    make: () => Effect.die("not used in these tests"),
    uiMetadata: {
      displayName: name,
      docsUrl: "https://carrier.example/docs",
      connectivity: "api",
      fields: [
        { name: "account", label: "Account", type: "text", required: true, sensitive: true },
        { name: "secret", label: "Secret", type: "password", required: true, sensitive: true },
        { name: "region", label: "Region", type: "text", required: false, sensitive: false }
      ]
    },
    transportSampleRate: 8000,
    accountIdCredentialField: "account",
    recognize: () => false,
    claimedAccountId: () => undefined,
    transport: () =>
      Effect.fail(new TransportError({ reason: "closed", message: "not used in these tests", code: 1011 }))
  })
