import { clsx } from "clsx"
import type { ReactNode } from "react"

/** A table in a box of its own that scrolls sideways where there is no room. `label` is what its rows are. */
export const Table = ({
  label,
  head,
  children
}: {
  readonly label: string
  readonly head: ReadonlyArray<string>
  readonly children: ReactNode
}) => (
  <div
    className="border-line bg-surface relative overflow-x-auto rounded-lg border"
    role="region"
    aria-label={label}
    tabIndex={0}
  >
    <table className="w-full text-left">
      <thead>
        <tr className="border-line text-muted border-b text-xs">
          {head.map((each) => (
            <th key={each} scope="col" className="px-3 py-2 font-medium whitespace-nowrap">
              {each.startsWith("(") ? <span className="sr-only">{each.slice(1, -1)}</span> : each}
            </th>
          ))}
        </tr>
      </thead>
      <tbody className="divide-line divide-y">{children}</tbody>
    </table>
  </div>
)

export const Cell = ({ className, children }: { readonly className?: string; readonly children?: ReactNode }) => (
  <td className={clsx("px-3 py-2 align-middle", className)}>{children}</td>
)
