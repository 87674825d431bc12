import { CircleAlert, CircleCheck, CircleMinus, CircleX, type LucideIcon } from "lucide-react"
import { clsx } from "clsx"
import type { Report } from "./SignatureFailure.tsx"

type Check = Report["checks"][number]
type Status = Check["status"]

const looks: Readonly<Record<Status, { readonly icon: LucideIcon; readonly word: string; readonly color: string }>> = {
  failed: { icon: CircleX, word: "failed", color: "text-bad" },
  warning: { icon: CircleAlert, word: "warning", color: "text-warn" },
  ok: { icon: CircleCheck, word: "ok", color: "text-good" },
  skipped: { icon: CircleMinus, word: "skipped", color: "text-muted" }
}
/** What needs doing first. */
const order: ReadonlyArray<Status> = ["failed", "warning", "ok", "skipped"]

/** How many checks came out how, in words. */
export const summaryOf = (checks: ReadonlyArray<Check>) =>
  order
    .map((status) => [status, checks.filter((check) => check.status === status).length] as const)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${looks[status].word}`)
    .join(", ")

/** Everything that was looked at, what is wrong first, each with what to do. */
export const Checks = ({ checks }: { readonly checks: ReadonlyArray<Check> }) => (
  <ul className="divide-line border-line bg-surface divide-y rounded-lg border">
    {order
      .flatMap((status) => checks.filter((check) => check.status === status))
      .map(({ message, name, next_step, status }) => {
        const { color, icon: Icon, word } = looks[status]
        return (
          <li key={name} className="grid gap-x-3 gap-y-1 p-3 sm:grid-cols-[6rem_minmax(0,1fr)]">
            <span className={clsx("flex items-center gap-1.5 self-start font-medium", color)}>
              <Icon size={16} aria-hidden /> {word}
            </span>
            <div className="min-w-0">
              <p className="font-medium break-words">{name}</p>
              <p className="break-words">{message}</p>
              {next_step === undefined ? null : (
                <p className="mt-1 break-words">
                  <strong>Next:</strong> {next_step}
                </p>
              )}
            </div>
          </li>
        )
      })}
  </ul>
)
