import { useNavigate } from "@tanstack/react-router"
import { useState } from "react"
import { Button } from "../parts/Button.tsx"
import { ConfirmDialog } from "../parts/Dialog.tsx"
import { useNotices } from "../parts/Notices.tsx"
import { type Configuration, useDeleteConfiguration } from "./queries.ts"

/** Deletes a configuration after saying what goes with it and what stays. */
export const DeleteConfiguration = ({ of }: { readonly of: Configuration }) => {
  const [open, setOpen] = useState(false)
  const remove = useDeleteConfiguration(of.id)
  const navigate = useNavigate()
  const { bad, good } = useNotices()
  const confirm = () =>
    remove.mutate(undefined, {
      onError: bad,
      onSuccess: () => {
        good(`"${of.name}" is deleted.`)
        void navigate({ to: "/configurations" })
      }
    })
  const numbers =
    of.number_count === 1
      ? "Its phone number is deleted too. In the background it is detached at the carrier, if it points here."
      : `Its ${of.number_count} phone numbers are deleted too. In the background they are detached at the carrier, where they point here.`
  return (
    <>
      <Button look="danger" onClick={() => setOpen(true)}>
        Delete
      </Button>
      <ConfirmDialog
        open={open}
        onClose={() => setOpen(false)}
        title={`Delete "${of.name}"?`}
        action="Delete"
        busy={remove.isPending}
        onConfirm={confirm}
      >
        <ul className="list-disc space-y-1 pl-5">
          <li>It is gone at once: it takes and places no more calls, and cannot be brought back.</li>
          {of.number_count === 0 ? null : <li>{numbers}</li>}
          <li>Its credentials are erased after that.</li>
          <li>Its past calls stay in the list, with their events and recordings.</li>
          {of.is_default_outbound ? (
            <li>It is the default: calls that name no configuration take the first one that is ready instead.</li>
          ) : null}
        </ul>
      </ConfirmDialog>
    </>
  )
}
