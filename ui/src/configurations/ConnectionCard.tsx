import { CircleAlert, CircleCheck, CircleX } from "lucide-react"
import { Button } from "../parts/Button.tsx"
import { Card, ProblemNote } from "../parts/Page.tsx"
import { useMay } from "../session/session.ts"
import { type ConnectionReport, useTestConnection } from "./queries.ts"

const Outcome = ({ of: { message, ok, warnings } }: { readonly of: ConnectionReport }) => (
  <div className="flex flex-col gap-2">
    <p className={`flex items-start gap-2 font-medium ${ok ? "text-good" : "text-bad"}`}>
      {ok ? (
        <CircleCheck size={16} aria-hidden className="mt-0.5 shrink-0" />
      ) : (
        <CircleX size={16} aria-hidden className="mt-0.5 shrink-0" />
      )}
      <span>
        {ok ? "Works" : "Does not work"}: {message}
      </span>
    </p>
    {warnings.map((warning) => (
      <p key={warning} className="text-warn flex items-start gap-2">
        <CircleAlert size={16} aria-hidden className="mt-0.5 shrink-0" />
        <span>Warning: {warning}</span>
      </p>
    ))}
  </div>
)

/** Asks the carrier whether the saved credentials work. */
export const ConnectionCard = ({ id }: { readonly id: string }) => {
  const test = useTestConnection(id)
  const mayTest = useMay("operator")
  return (
    <Card
      title="Connection"
      actions={
        <Button
          small
          busy={test.isPending}
          disabled={!mayTest}
          title={mayTest ? undefined : "Only operators and admins test connections."}
          onClick={() => test.mutate()}
        >
          Test connection
        </Button>
      }
    >
      <div aria-live="polite">
        {test.isPending ? <p className="text-muted">Asking the carrier…</p> : null}
        {test.isIdle ? (
          <p className="text-muted">Asks the carrier whether the saved credentials work. Nothing is changed.</p>
        ) : null}
        {test.data === undefined || test.isPending ? null : <Outcome of={test.data} />}
        {test.error === null ? null : <ProblemNote cause={test.error} />}
      </div>
    </Card>
  )
}
