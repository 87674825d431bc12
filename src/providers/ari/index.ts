import { define } from "../../ProviderSpec.ts"
import { registration } from "../../Registry.ts"
import { check, configLoader, derivedValues, fields, provider, setupChecklist, uiMetadata } from "./config.ts"
import { make } from "./provider.ts"
import { transport } from "./transport.ts"

export const spec = define({
  name: provider,
  fields,
  check,
  configLoader,
  make,
  transport,
  transportSampleRate: 8000,
  uiMetadata,
  accountIdCredentialField: "",
  recognize: () => false,
  claimedAccountId: () => undefined,
  simulator: () => import("./simulator.ts"),
  listens: true,
  setupChecklist,
  derivedValues
})

export const layer = registration(spec)
