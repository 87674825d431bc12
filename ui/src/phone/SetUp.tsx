import { Link } from "@tanstack/react-router"
import { Button, buttonClass } from "../parts/Button.tsx"
import { EmptyState, ProblemNote } from "../parts/Page.tsx"
import { useMay } from "../session/session.ts"
import type { AgentKind } from "../agents/queries.ts"
import { easyPhone, useSetUp } from "./queries.ts"
import type { Provider } from "../parts/providers.ts"

/** What is still missing for a first call, and one button that makes all of it. */
export const SetUp = ({
  providers,
  hasPhone,
  hasAgent,
  kind
}: {
  readonly providers: ReadonlyArray<Provider>
  readonly hasPhone: boolean
  readonly hasAgent: boolean
  /** A kind of agent that needs no settings. */
  readonly kind: AgentKind | undefined
}) => {
  const setUp = useSetUp()
  const isAdmin = useMay("admin")
  const isOperator = useMay("operator")
  const phone = easyPhone(providers)
  const makesPhone = !hasPhone && phone !== undefined
  const makesAgent = !hasAgent && kind !== undefined
  const needed = hasPhone ? "operator" : "admin"
  const isAllowed = hasPhone ? isOperator : isAdmin

  if (providers.length === 0) {
    return (
      <EmptyState title="There is no phone in this service">
        None of its providers can be called from a page. Try your agents under “Simulated carriers”, or over a number.
      </EmptyState>
    )
  }
  const made = [
    ...(makesPhone ? [`a ${phone.display_name} configuration`] : []),
    ...(makesAgent ? [`an agent of the kind ${kind.display_name}`] : [])
  ].join(" and ")
  return (
    <EmptyState
      title={hasPhone ? "There is no agent to call yet" : "The phone is not set up yet"}
      action={
        made === "" ? (
          <Link to={hasPhone ? "/agents/new" : "/configurations/new"} className={buttonClass("primary")}>
            {hasPhone ? "Make an agent" : "Make a configuration"}
          </Link>
        ) : (
          <Button
            look="primary"
            busy={setUp.isPending}
            disabled={!isAllowed}
            title={isAllowed ? undefined : `This needs the role ${needed}.`}
            onClick={() => setUp.mutate({ phone: makesPhone ? phone : undefined, kind: makesAgent ? kind : undefined })}
          >
            Make {made}
          </Button>
        )
      }
    >
      {made === ""
        ? "It has to be filled in first."
        : "No carrier, no number and no settings are needed. Then press Call, and speak."}
      {isAllowed ? null : ` Ask somebody with the role ${needed}.`}
      {setUp.error === null ? null : (
        <div className="mt-3 text-left">
          <ProblemNote cause={setUp.error} />
        </div>
      )}
    </EmptyState>
  )
}
