import { Trash2 } from "lucide-react"
import { useState } from "react"
import { Button } from "../parts/Button.tsx"
import { ConfirmDialog } from "../parts/Dialog.tsx"
import { useNotices } from "../parts/Notices.tsx"
import { type PhoneNumber, useDeleteNumber } from "./queries.ts"
import { useSyncNotice } from "./syncNotice.ts"

/** Deletes a number after saying what goes with it. */
export const DeleteNumber = ({ number }: { readonly number: PhoneNumber }) => {
  const [open, setOpen] = useState(false)
  const remove = useDeleteNumber(number)
  const { bad } = useNotices()
  const tell = useSyncNotice()
  const address = number.address_normalized
  const confirm = () =>
    remove.mutate(undefined, {
      onError: bad,
      onSuccess: ({ provider_sync }) => tell(`${address} is deleted.`, provider_sync),
      onSettled: () => setOpen(false)
    })
  return (
    <>
      <Button small look="danger" aria-label={`Delete ${address}`} onClick={() => setOpen(true)}>
        <Trash2 size={14} aria-hidden /> Delete
      </Button>
      <ConfirmDialog
        open={open}
        onClose={() => setOpen(false)}
        title={`Delete ${address}?`}
        action="Delete"
        busy={remove.isPending}
        onConfirm={confirm}
      >
        {number.sync_state.desired === null && number.sync_state.observed === null
          ? "Nothing is changed at the carrier. Past calls stay in the list."
          : "Its webhook at the carrier is taken away first, if it points here. Past calls stay in the list."}
      </ConfirmDialog>
    </>
  )
}
