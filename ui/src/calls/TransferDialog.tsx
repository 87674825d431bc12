import { type FormEvent, useState } from "react"
import { Problem } from "../api/problem.ts"
import { Labelled, TextArea, TextInput } from "../form/inputs.tsx"
import { Button } from "../parts/Button.tsx"
import { Dialog } from "../parts/Dialog.tsx"
import { ProblemNote } from "../parts/Page.tsx"
import type { Call } from "./call.ts"
import { type NewTransfer, useTransfer, useTransfers } from "./queries.ts"
import { TransferLine } from "./Transfers.tsx"

const errorsOf = (cause: unknown): Readonly<Record<string, string>> =>
  cause instanceof Problem ? Object.fromEntries(cause.errors.map(({ field, message }) => [field, message])) : {}

const wishOf = (destination: string, timeout: string, announcement: string): NewTransfer => ({
  destination: destination.trim(),
  ...(timeout === "" ? {} : { timeout_s: Number(timeout) }),
  ...(announcement.trim() === "" ? {} : { announcement: announcement.trim() })
})

const Form = ({
  transfer,
  onClose
}: {
  readonly transfer: ReturnType<typeof useTransfer>
  readonly onClose: () => void
}) => {
  const [destination, setDestination] = useState("")
  const [timeout, setTimeoutText] = useState("")
  const [announcement, setAnnouncement] = useState("")
  const errors = errorsOf(transfer.error)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    transfer.mutate(wishOf(destination, timeout, announcement))
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <Labelled
        id="transfer-destination"
        label="Destination"
        required
        description="A phone number, a SIP URI, or an extension of the PBX."
        error={errors["destination"]}
      >
        {(aria) => <TextInput {...aria} value={destination} onChange={({ target }) => setDestination(target.value)} />}
      </Labelled>
      <Labelled
        id="transfer-timeout"
        label="Let it ring for"
        description="Seconds, 5 to 120; 30 if left empty."
        error={errors["timeout_s"]}
      >
        {(aria) => (
          <TextInput
            {...aria}
            type="number"
            min={5}
            max={120}
            placeholder="30"
            value={timeout}
            onChange={({ target }) => setTimeoutText(target.value)}
          />
        )}
      </Labelled>
      <Labelled
        id="transfer-announcement"
        label="Announcement"
        description="Spoken to the destination before it is joined, where the carrier can. Empty: joined at once."
        error={errors["announcement"]}
      >
        {(aria) => (
          <TextArea
            {...aria}
            rows={2}
            maxLength={500}
            value={announcement}
            onChange={({ target }) => setAnnouncement(target.value)}
          />
        )}
      </Labelled>
      {transfer.error === null || Object.keys(errors).length > 0 ? null : <ProblemNote cause={transfer.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={transfer.isPending} disabled={destination.trim() === ""}>
          Transfer
        </Button>
      </div>
    </form>
  )
}

/** Asks where to transfer a call, then shows what becomes of it. */
export const TransferDialog = ({
  call,
  open,
  onClose
}: {
  readonly call: Call
  readonly open: boolean
  readonly onClose: () => void
}) => {
  const transfer = useTransfer(call.id)
  const { data = [] } = useTransfers(call.id)
  const begun = data.find(({ id }) => id === transfer.data?.id) ?? transfer.data
  const close = () => {
    transfer.reset()
    onClose()
  }
  return (
    <Dialog
      open={open}
      onClose={close}
      title="Transfer this call"
      description="The caller stays with the agent until the destination answers. If it does not, nothing changes for the caller."
    >
      {begun === undefined ? (
        <Form transfer={transfer} onClose={close} />
      ) : (
        <div className="flex flex-col gap-4">
          <div role="status">
            <TransferLine transfer={begun} />
          </div>
          <div className="flex justify-end gap-2">
            {begun.state === "failed" ? <Button onClick={() => transfer.reset()}>Try another one</Button> : null}
            <Button look="primary" onClick={close}>
              Close
            </Button>
          </div>
        </div>
      )}
    </Dialog>
  )
}
