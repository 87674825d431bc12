import { Link } from "@tanstack/react-router"
import { clsx } from "clsx"
import { endReasons, owners, toneOfEnd } from "../calls/endReasons.ts"
import { Card } from "../parts/Page.tsx"
import type { Overview } from "./queries.ts"

const fills = { plain: "bg-edge", warn: "bg-warn", bad: "bg-bad" } as const

/** Why calls ended, the most frequent first. */
export const EndReasons = ({ reasons }: { readonly reasons: Overview["end_reasons"] }) => {
  const most = Math.max(1, ...reasons.map(({ count }) => count))
  const sorted = reasons.toSorted((a, b) => b.count - a.count)
  return (
    <Card title="How calls ended">
      {sorted.length === 0 ? (
        <p className="text-muted">No call ended in this time.</p>
      ) : (
        <table className="w-full">
          <thead className="sr-only">
            <tr>
              <th scope="col">Reason</th>
              <th scope="col">Share</th>
              <th scope="col">Calls</th>
            </tr>
          </thead>
          <tbody>
            {sorted.map(({ count, owner, reason }) => (
              <tr key={reason} title={endReasons[reason].sentence}>
                <th scope="row" className="py-1 pr-3 text-left font-normal">
                  <Link to="/calls" search={{ reason }} className="hover:underline">
                    {endReasons[reason].short}
                  </Link>
                  <span className="text-muted block text-xs">{owners[owner]}</span>
                </th>
                <td className="w-1/2 py-1">
                  <div
                    className={clsx("h-2.5 rounded-sm", fills[toneOfEnd(reason)])}
                    style={{ width: `${Math.max(2, (count / most) * 100)}%` }}
                  />
                </td>
                <td className="py-1 pl-3 text-right tabular-nums">{count}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  )
}
