import { Link } from "@tanstack/react-router"
import { CircleCheck, Circle } from "lucide-react"
import { buttonClass } from "../parts/Button.tsx"
import { Card } from "../parts/Page.tsx"
import { useMay } from "../session/session.ts"
import type { SetUp } from "./queries.ts"

interface Step {
  readonly done: boolean
  readonly title: string
  readonly why: string
  readonly to: "/agents/new" | "/configurations/new" | "/phone"
  readonly action: string
}

const stepsOf = ({ agent, call, configuration }: SetUp): ReadonlyArray<Step> => [
  {
    done: agent,
    title: "Make an agent",
    why: "It answers your calls. An echo agent needs nothing but a name.",
    to: "/agents/new",
    action: "Make an agent"
  },
  {
    done: configuration,
    title: "Set up a carrier",
    why: "Or the phone in this browser, which needs no account anywhere.",
    to: "/configurations/new",
    action: "Set up"
  },
  {
    done: call,
    title: "Make a call",
    why: "From the phone in this browser, or to one of your numbers.",
    to: "/phone",
    action: "Open the phone"
  }
]

/** What to do first in an organization that is empty; gone once there was a call. */
export const FirstSteps = ({ setUp }: { readonly setUp: SetUp }) => {
  const may = useMay("operator")
  const steps = stepsOf(setUp)
  const next = steps.find(({ done }) => !done)
  return (
    <Card title="First steps" className="mb-4">
      <ol className="flex flex-col gap-3">
        {steps.map((step) => {
          const Icon = step.done ? CircleCheck : Circle
          return (
            <li key={step.title} className="flex flex-wrap items-center gap-3">
              <Icon size={18} className={step.done ? "text-good" : "text-muted"} aria-hidden />
              <div className="min-w-0 flex-1">
                <p className="font-medium">
                  {step.title}
                  <span className="sr-only">{step.done ? ": done" : ": to do"}</span>
                </p>
                <p className="text-muted">{step.why}</p>
              </div>
              {step.done || !may ? null : (
                <Link to={step.to} className={buttonClass(step === next ? "primary" : "plain")}>
                  {step.action}
                </Link>
              )}
            </li>
          )
        })}
      </ol>
      {may ? null : <p className="text-muted mt-3">You may watch; setting up needs the role operator.</p>}
    </Card>
  )
}
