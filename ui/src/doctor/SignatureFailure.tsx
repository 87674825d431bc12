import { EqualNot } from "lucide-react"
import type { AnswerOf } from "../api/endpoints.ts"
import { Badge } from "../parts/Badge.tsx"
import { Card } from "../parts/Page.tsx"
import { Cell, Table } from "../parts/Table.tsx"
import { Moment } from "../parts/time.tsx"
import { comparedAddresses } from "./addressParts.ts"

export type Report = AnswerOf<"POST", "/api/v1/organizations/telephony-configs/:id/doctor">
type Failure = Report["signature_failures"][number]

const Part = ({ text, marked }: { readonly text: string | null; readonly marked: boolean }) => {
  if (text === null) return <span className="text-muted">none</span>
  return marked ? (
    <mark className="bg-warn-soft text-warn rounded px-1 font-mono font-semibold break-all underline decoration-2 underline-offset-2">
      {text}
    </mark>
  ) : (
    <span className="font-mono break-all">{text}</span>
  )
}

const Comparison = ({ signed, rebuilt }: { readonly signed: string; readonly rebuilt: string }) => (
  <Table
    label="The address that was signed and the one that was rebuilt"
    head={["Part", "Signed by the carrier", "Rebuilt here", "(Differs)"]}
  >
    {comparedAddresses(signed, rebuilt).map(({ differs, part, ...each }) => (
      <tr key={part}>
        <th scope="row" className="text-muted px-3 py-2 text-left text-xs font-medium">
          {part}
        </th>
        <Cell>
          <Part text={each.signed} marked={differs} />
        </Cell>
        <Cell>
          <Part text={each.rebuilt} marked={differs} />
        </Cell>
        <Cell>
          {differs ? (
            <Badge tone="warn">
              <EqualNot size={12} aria-hidden /> differs
            </Badge>
          ) : null}
        </Cell>
      </tr>
    ))}
  </Table>
)

const Facts = ({ of }: { readonly of: Failure }) => {
  const facts: ReadonlyArray<readonly [string, string]> = [
    ["Request", `${of.method}${of.kind === "media-upgrade" ? " (media socket)" : ""}`],
    ["Host header", of.host ?? "none"],
    ...Object.entries(of.forwarded_headers),
    ["Content type", of.content_type ?? "none"],
    ["Signature headers", of.signature_headers.length === 0 ? "none" : of.signature_headers.join(", ")],
    ["Body", `${of.body_bytes} bytes, SHA-256 ${of.body_sha256.slice(0, 12)}…`]
  ]
  return (
    <details>
      <summary className="text-muted text-xs">What arrived</summary>
      <dl className="mt-2 grid gap-x-4 gap-y-1 text-xs sm:grid-cols-[max-content_minmax(0,1fr)]">
        {facts.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-muted">{name}</dt>
            <dd className="font-mono break-all">{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  )
}

/** One refused request: why, what was signed against what was rebuilt, and what to do. */
export const SignatureFailure = ({ of }: { readonly of: Failure }) => {
  const { differs, next_step, rebuilt_url, signed_url } = of.explanation
  return (
    <Card className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <Badge tone="bad">refused</Badge>
        <Moment at={of.occurred_at} />
        {of.configuration_id === null ? <Badge>belongs to no configuration</Badge> : null}
      </div>
      <p>{of.reason}</p>
      {signed_url === null ? (
        <p>
          Checked for <span className="font-mono break-all">{rebuilt_url}</span>. No likely other address fits the
          signature.
        </p>
      ) : (
        <>
          <Comparison signed={signed_url} rebuilt={rebuilt_url} />
          <ul className="text-muted list-disc pl-5 text-xs">
            {differs.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </>
      )}
      <p>
        <strong>Next:</strong> {next_step}
      </p>
      <Facts of={of} />
    </Card>
  )
}
