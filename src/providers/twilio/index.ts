import { define } from "../../ProviderSpec.ts"
import { registration } from "../../Registry.ts"
import { check, configLoader, fields, provider, setupChecklist, uiMetadata } from "./config.ts"
import { make } from "./provider.ts"
import { transport } from "./transport.ts"
import { claimedAccountId, recognize } from "./webhooks.ts"

export const spec = define({
  name: provider,
  fields,
  check,
  configLoader,
  make,
  transport,
  transportSampleRate: 8000,
  uiMetadata,
  accountIdCredentialField: "account_sid",
  recognize,
  claimedAccountId,
  routes: () => import("./routes.ts"),
  simulator: () => import("./simulator.ts"),
  setupChecklist
})

export const layer = registration(spec)
