import { Link } from "@tanstack/react-router"
import { useProviders } from "../parts/providers.ts"
import { Badge, type Tone } from "../parts/Badge.tsx"
import { Card } from "../parts/Page.tsx"
import { durationText } from "../parts/time.tsx"
import type { Overview } from "./queries.ts"

/** Audio is sent every 20 ms: a process that is held up for longer is heard. */
const LATE_MS = 20
const VERY_LATE_MS = 60

const Measure = ({
  name,
  value,
  tone,
  word,
  children
}: {
  readonly name: string
  readonly value: string
  readonly tone: Tone
  readonly word: string
  readonly children: string
}) => (
  <div className="flex items-start justify-between gap-3 py-2">
    <dt>
      {name}
      <span className="text-muted block text-xs">{children}</span>
    </dt>
    <dd className="flex items-center gap-2 whitespace-nowrap tabular-nums">
      {value}
      <Badge tone={tone}>{word}</Badge>
    </dd>
  </div>
)

const countOf = (count: number): readonly [tone: Tone, word: string] =>
  count === 0 ? ["good", "Good"] : ["warn", "Look"]

const delayOf = (ms: number): readonly [tone: Tone, word: string] => {
  if (ms < LATE_MS) return ["good", "Good"]
  return ms < VERY_LATE_MS ? ["warn", "Busy"] : ["bad", "Overloaded"]
}

/** Whether the audio of this node's calls is as it should be. */
export const MediaHealth = ({ media }: { readonly media: Overview["media"] }) => {
  const [underrunTone, underrunWord] = countOf(media.underruns)
  const [dropTone, dropWord] = countOf(media.frames_dropped)
  const [delayTone, delayWord] = delayOf(media.event_loop_delay_p99_ms)
  return (
    <Card title="Media health">
      <dl className="divide-line divide-y">
        <Measure name="Underruns" value={String(media.underruns)} tone={underrunTone} word={underrunWord}>
          Gaps in agents&apos; speech, which came too slowly; since this node started.
        </Measure>
        <Measure name="Frames dropped" value={String(media.frames_dropped)} tone={dropTone} word={dropWord}>
          Audio thrown away, because an agent or a carrier did not read; since this node started.
        </Measure>
        <Measure
          name="Event-loop delay"
          value={durationText(media.event_loop_delay_p99_ms)}
          tone={delayTone}
          word={delayWord}
        >
          99 of 100 ticks come within this time; above 20 ms it is heard.
        </Measure>
      </dl>
    </Card>
  )
}

/** Requests whose signature was refused, by the carrier they claimed to be of. */
export const SignatureFailures = ({ failures }: { readonly failures: Overview["signature_failures"] }) => {
  const { data: providers = [] } = useProviders()
  const nameOf = (name: string) => providers.find(({ provider }) => provider === name)?.display_name ?? name
  return (
    <Card title="Refused signatures">
      {failures.length === 0 ? (
        <p className="text-muted">Every request of a carrier was proved to be of that carrier.</p>
      ) : (
        <>
          <table className="w-full text-left">
            <thead className="text-muted text-xs">
              <tr>
                <th scope="col" className="py-1 font-medium">
                  Carrier
                </th>
                <th scope="col" className="py-1 text-right font-medium">
                  Refused
                </th>
              </tr>
            </thead>
            <tbody>
              {failures.map(({ count, provider }) => (
                <tr key={provider}>
                  <td className="py-1">{nameOf(provider)}</td>
                  <td className="text-bad py-1 text-right tabular-nums">{count}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <p className="text-muted mt-2">
            Their calls fail. Mostly the URL at the carrier is not PUBLIC_URL, or a credential is old.{" "}
            <Link to="/doctor" className="text-accent underline">
              Run the doctor
            </Link>
          </p>
        </>
      )}
    </Card>
  )
}
