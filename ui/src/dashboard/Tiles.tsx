import { clsx } from "clsx"
import type { ReactNode } from "react"
import type { Overview } from "./queries.ts"

const Tile = ({
  name,
  value,
  children
}: {
  readonly name: string
  readonly value: string
  readonly children: ReactNode
}) => (
  <div className="border-line bg-surface rounded-lg border p-4">
    <dt className="text-muted text-xs">{name}</dt>
    <dd className="mt-1 text-2xl font-semibold tabular-nums">{value}</dd>
    <dd className="text-muted mt-1 text-xs">{children}</dd>
  </div>
)

const Gauge = ({ share }: { readonly share: number }) => (
  <span aria-hidden className="bg-raised mt-1.5 block h-1.5 overflow-hidden rounded-full">
    <span
      className={clsx("block h-full", share < 0.8 ? "bg-accent" : share < 1 ? "bg-warn" : "bg-bad")}
      style={{ width: `${Math.min(100, share * 100)}%` }}
    />
  </span>
)

const number = new Intl.NumberFormat()

/** The numbers that are looked at first. */
export const Tiles = ({ overview: { answer_rate, calls, concurrent } }: { readonly overview: Overview }) => {
  const begun = calls.reduce((sum, { inbound, outbound }) => sum + inbound + outbound, 0)
  const answered = calls.reduce((sum, minute) => sum + minute.answered, 0)
  const { limit, now } = concurrent
  return (
    <dl className="mb-4 grid gap-4 sm:grid-cols-3">
      <Tile name="Live calls" value={number.format(now)}>
        of {number.format(limit)} that the organization allows{now >= limit ? ": no more are taken" : ""}
        <Gauge share={limit === 0 ? 1 : now / limit} />
      </Tile>
      <Tile name="Calls" value={number.format(begun)}>
        {number.format(answered)} answered
      </Tile>
      <Tile name="Answer rate" value={answer_rate === null ? "–" : `${Math.round(answer_rate * 100)} %`}>
        {answer_rate === null ? "nobody has called yet, or was called" : "of the calls that began in this time"}
      </Tile>
    </dl>
  )
}
