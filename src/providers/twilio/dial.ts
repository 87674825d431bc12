/** Twilio's limits of `Timeout` and `TimeLimit`, s (Twilio: create a call). */
const most = { ring: 600, call: 86_400 } as const

/** A duration as Twilio takes it: whole seconds, at least one, at most what the parameter allows. */
export const seconds = (value: number, kind: keyof typeof most): string =>
  String(Math.min(Math.max(1, Math.ceil(value)), most[kind]))
