import { define } from "../../ProviderSpec.ts"
import { registration } from "../../Registry.ts"
import { configLoader, fields, provider, setupChecklist, uiMetadata } from "./config.ts"
import { make } from "./provider.ts"
import { transport } from "./transport.ts"
import { claimedAccountId, recognize } from "./webhooks.ts"

export const spec = define({
  name: provider,
  fields,
  configLoader,
  make,
  transport,
  transportSampleRate: 8000,
  uiMetadata,
  accountIdCredentialField: "domain_id",
  recognize,
  claimedAccountId,
  tokenInInboundUrl: true,
  routes: () => import("./routes.ts"),
  simulator: () => import("./simulator.ts"),
  setupChecklist
})

export const layer = registration(spec)
