import { Link } from "@tanstack/react-router"
import { Problem } from "../api/problem.ts"
import { Button } from "../parts/Button.tsx"
import { ConfirmDialog, Dialog } from "../parts/Dialog.tsx"
import { useNotices } from "../parts/Notices.tsx"
import { ProblemNote } from "../parts/Page.tsx"
import { type AgentSummary, useRemoveAgent } from "./queries.ts"

/** Asks before an agent is deleted; one that numbers still send calls to stays, and the numbers are named. */
export const RemoveAgent = ({
  agent,
  onClose,
  onRemoved
}: {
  readonly agent: Pick<AgentSummary, "id" | "name">
  readonly onClose: () => void
  readonly onRemoved: () => void
}) => {
  const remove = useRemoveAgent()
  const { good } = useNotices()
  if (remove.error instanceof Problem && remove.error.code === "agent_in_use") {
    return (
      <Dialog open onClose={onClose} title={`${agent.name} is in use`} description={remove.error.message}>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Close</Button>
          <Link to="/numbers" className="text-accent self-center underline">
            To the numbers
          </Link>
        </div>
      </Dialog>
    )
  }
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={`Delete ${agent.name}?`}
      action="Delete"
      busy={remove.isPending}
      onConfirm={() =>
        remove.mutate(agent.id, {
          onSuccess: () => {
            good(`${agent.name} is deleted.`)
            onRemoved()
          }
        })
      }
    >
      <p>Its settings are gone then, secrets included. Calls that it has now go on, and its past calls stay listed.</p>
      {remove.error === null ? null : (
        <div className="mt-3">
          <ProblemNote cause={remove.error} />
        </div>
      )}
    </ConfirmDialog>
  )
}
