import { Link } from "@tanstack/react-router"
import { useMemo } from "react"
import { Button, buttonClass } from "../parts/Button.tsx"
import { EmptyState, Loaded, PageHeader } from "../parts/Page.tsx"
import { Cell, Table } from "../parts/Table.tsx"
import { Moment } from "../parts/time.tsx"
import { useProviderName } from "../parts/providers.ts"
import { type Call, isLive, statuses } from "./call.ts"
import { CallFilters } from "./CallFilters.tsx"
import { CallDuration, Direction, EndBadge, LiveBadge, StatusBadge } from "./CallParts.tsx"
import { queryOf, useFilters } from "./filters.ts"
import { useLiveCalls, useMerged } from "./live.ts"
import { Meters } from "./Meters.tsx"
import { useCalls } from "./queries.ts"

const Row = ({ call }: { readonly call: Call }) => {
  const provider = useProviderName()(call.mode)
  return (
    <tr>
      <Cell>
        <Link
          to="/calls/$callId"
          params={{ callId: call.id }}
          aria-label={`${statuses[call.status].label}: call from ${call.from} to ${call.to}`}
          className="inline-block rounded align-middle"
        >
          <StatusBadge status={call.status} />
        </Link>
      </Cell>
      <Cell>
        <Direction of={call} small />
      </Cell>
      <Cell className="max-w-48 truncate font-mono text-xs">{call.from}</Cell>
      <Cell className="max-w-48 truncate font-mono text-xs">
        <Link to="/calls/$callId" params={{ callId: call.id }} className="text-accent underline">
          {call.to}
        </Link>
      </Cell>
      <Cell className="whitespace-nowrap">{provider}</Cell>
      <Cell>
        <CallDuration call={call} />
      </Cell>
      <Cell>
        {isLive(call) && call.media_state === "streaming" ? <Meters callId={call.id} /> : <EndBadge call={call} />}
      </Cell>
      <Cell>
        <Moment at={call.created_at} />
      </Cell>
    </tr>
  )
}

const NoCalls = ({ narrowed }: { readonly narrowed: boolean }) =>
  narrowed ? (
    <EmptyState title="No call is like this">Change the filters, or clear them.</EmptyState>
  ) : (
    <EmptyState
      title="No calls yet"
      action={
        <>
          <Link to="/phone" className={buttonClass("primary")}>
            Call from the browser
          </Link>
          <Link to="/numbers" className={buttonClass()}>
            Numbers
          </Link>
        </>
      }
    >
      Call one of your numbers, or use the phone in this browser: the call appears here at once.
    </EmptyState>
  )

/** Every call, the newest first, live ones as they go. */
export const CallsPage = () => {
  const { filters, change } = useFilters()
  const live = useLiveCalls()
  const list = useCalls(filters)
  const listed = useMemo(() => list.data?.pages.flatMap(({ calls }) => calls), [list.data])
  const calls = useMerged(listed, filters)
  return (
    <>
      <PageHeader title="Calls" actions={<LiveBadge state={live} />}>
        The newest first. Live calls change as they go.
      </PageHeader>
      <CallFilters filters={filters} change={change} />
      <Loaded of={{ data: calls, error: list.error, refetch: list.refetch }}>
        {(shown) =>
          shown.length === 0 && !list.hasNextPage ? (
            <NoCalls narrowed={queryOf(filters) !== ""} />
          ) : (
            <>
              <Table
                label="Calls"
                head={["State", "Direction", "From", "To", "Carrier", "Duration", "Sound or end", "Began"]}
              >
                {shown.map((call) => (
                  <Row key={call.id} call={call} />
                ))}
              </Table>
              {list.hasNextPage ? (
                <div className="mt-4 flex justify-center">
                  <Button busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
                    Load more
                  </Button>
                </div>
              ) : null}
            </>
          )
        }
      </Loaded>
    </>
  )
}
