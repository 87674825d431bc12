// Line 1 of 2 of a provider, and nothing else.
export * as twilio from "./twilio/index.ts"
export * as vobiz from "./vobiz/index.ts"
export * as telnyx from "./telnyx/index.ts"
export * as vonage from "./vonage/index.ts"
export * as ari from "./ari/index.ts"
export * as plivo from "./plivo/index.ts"
export * as cloudonix from "./cloudonix/index.ts"
export * as browser from "./browser/index.ts"
