// Line 1 of 2 of a provider, and nothing else.
export * as twilio from "./twilio/index.ts"
export * as telnyx from "./telnyx/index.ts"
export * as cloudonix from "./cloudonix/index.ts"
