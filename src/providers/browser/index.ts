import { define } from "../../ProviderSpec.ts"
import { registration } from "../../Registry.ts"
import { fields, provider, setupChecklist, uiMetadata } from "./config.ts"
import { make } from "./provider.ts"
import { transport } from "./transport.ts"

export const spec = define({
  name: provider,
  fields,
  configLoader: () => undefined,
  make: (_, attached) => make(attached),
  uiMetadata,
  setupChecklist,
  transport,
  transportSampleRate: 16_000,
  accountIdCredentialField: "",
  tokenInInboundUrl: true,
  phone: true,
  inboundOnly: true,
  recognize: () => false,
  claimedAccountId: () => undefined,
  simulator: () => import("./simulator.ts")
})

export const layer = registration(spec)
