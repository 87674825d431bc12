import type { ConfigurationRow, DoctorReport } from "../simulate/ServiceApi.ts"

const words = { ok: "ok", warning: "warning", failed: "FAILED", skipped: "skipped" } as const

const step = (indent: string, text: string | undefined) =>
  text === undefined || text === "" ? [] : [`${indent}-> ${text}`]

const checkLines = ({ message, name, next_step, status }: DoctorReport["checks"][number]) => [
  `  ${words[status].padEnd(8)} ${name}: ${message}`,
  ...step("           ", next_step)
]

const failureLines = ({
  body_bytes,
  content_type,
  explanation,
  forwarded_headers,
  host,
  kind,
  method,
  occurred_at,
  reason,
  signature_headers
}: DoctorReport["signature_failures"][number]) => [
  `  refused  ${occurred_at} ${kind} ${method}: ${reason}`,
  `           signed:  ${explanation.signed_url ?? "not found out"}`,
  `           rebuilt: ${explanation.rebuilt_url}`,
  ...explanation.differs.map((difference) => `           differs: ${difference}`),
  `           came:    Host ${host ?? "-"}; ${[
    ...Object.entries(forwarded_headers).map(([name, value]) => `${name} ${value}`),
    `content-type ${content_type ?? "-"}`,
    `${body_bytes} bytes`,
    signature_headers.length === 0 ? "no signature header" : signature_headers.join(", ")
  ].join("; ")}`,
  ...step("           ", explanation.next_step)
]

/** A diagnosis for a person at a terminal. */
export const printed = (
  { id, name, provider }: ConfigurationRow,
  { checks, signature_failures }: DoctorReport
): string =>
  [
    `Configuration "${name}" (${provider}) ${id}`,
    ...checks.flatMap(checkLines),
    ...signature_failures.flatMap(failureLines)
  ].join("\n")
