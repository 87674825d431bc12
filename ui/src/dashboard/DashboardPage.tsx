import { Link, useRouter, useRouterState } from "@tanstack/react-router"
import { clsx } from "clsx"
import { Card, EmptyState, Loaded, PageHeader, ProblemNote } from "../parts/Page.tsx"
import { buttonClass } from "../parts/Button.tsx"
import { CallsChart } from "./CallsChart.tsx"
import { EndReasons } from "./EndReasons.tsx"
import { FirstSteps } from "./FirstSteps.tsx"
import { MediaHealth, SignatureFailures } from "./Health.tsx"
import { useMay } from "../session/session.ts"
import { type Overview, useOverview, useSetUp } from "./queries.ts"
import { Tiles } from "./Tiles.tsx"

const ranges = [
  { minutes: 60, label: "60 min" },
  { minutes: 360, label: "6 h" },
  { minutes: 1440, label: "24 h" }
] as const

const useRange = () => {
  const { history } = useRouter()
  const asked = useRouterState({ select: ({ location }) => new URLSearchParams(location.searchStr).get("minutes") })
  const range = ranges.find(({ minutes }) => String(minutes) === asked) ?? ranges[0]
  return { range, choose: (minutes: number) => history.replace(minutes === 60 ? "/" : `/?minutes=${minutes}`) }
}

const RangeChoice = ({ chosen, choose }: { readonly chosen: number; readonly choose: (minutes: number) => void }) => (
  <div role="group" aria-label="Time" className="border-line bg-surface flex rounded-md border p-0.5">
    {ranges.map(({ label, minutes }) => (
      <button
        key={minutes}
        type="button"
        aria-pressed={chosen === minutes}
        onClick={() => choose(minutes)}
        className={clsx(
          "rounded px-2.5 py-1 text-xs font-medium",
          chosen === minutes ? "bg-raised text-ink" : "text-muted hover:text-ink"
        )}
      >
        {label}
      </button>
    ))}
  </div>
)

const QuietTime = () => {
  const may = useMay("operator")
  const action = (
    <Link to="/phone" className={buttonClass()}>
      Call from the browser
    </Link>
  )
  return (
    <EmptyState title="No calls in this time" {...(may ? { action } : {})}>
      Look at a longer time{may ? ", or make a call" : ""}.
    </EmptyState>
  )
}

const Numbers = ({ overview }: { readonly overview: Overview }) => {
  const quiet = overview.calls.every(({ ended, inbound, outbound }) => inbound + outbound + ended === 0)
  return (
    <>
      <Tiles overview={overview} />
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Card title="Calls over time" className="lg:col-span-2">
          {quiet ? <QuietTime /> : <CallsChart minutes={overview.calls} />}
        </Card>
        <EndReasons reasons={overview.end_reasons} />
        <div className="flex flex-col gap-4">
          <MediaHealth media={overview.media} />
          <SignatureFailures failures={overview.signature_failures} />
        </div>
      </div>
    </>
  )
}

/** How the organization's calls are doing, refreshed every 5 s; before its first call, what to do first. */
export const DashboardPage = () => {
  const { choose, range } = useRange()
  const overview = useOverview(range.minutes)
  const { data: setUp } = useSetUp()
  return (
    <>
      <PageHeader title="Dashboard" actions={<RangeChoice chosen={range.minutes} choose={choose} />} />
      {setUp === undefined || setUp.call ? null : <FirstSteps setUp={setUp} />}
      {overview.error !== null && overview.data !== undefined ? (
        <div className="mb-4">
          <ProblemNote cause={overview.error} retry={() => void overview.refetch()} />
        </div>
      ) : null}
      <Loaded of={overview}>{(data) => <Numbers overview={data} />}</Loaded>
    </>
  )
}
