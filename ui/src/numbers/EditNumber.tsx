import { Pencil } from "lucide-react"
import { useMemo, useState } from "react"
import { useAgents } from "../agents/queries.ts"
import { Problem } from "../api/problem.ts"
import { GenericForm } from "../form/GenericForm.tsx"
import { Button } from "../parts/Button.tsx"
import { Dialog } from "../parts/Dialog.tsx"
import { Loaded } from "../parts/Page.tsx"
import { settingFields } from "./numberFields.ts"
import { type PhoneNumber, readNumber, useSaveNumber } from "./queries.ts"
import { useSyncNotice } from "./syncNotice.ts"

const Form = ({
  agents,
  number,
  onDone
}: {
  readonly agents: ReadonlyArray<{ readonly id: string; readonly name: string }>
  readonly number: PhoneNumber
  readonly onDone: () => void
}) => {
  const [base, setBase] = useState(number)
  const [current, setCurrent] = useState(number)
  const fields = useMemo(() => settingFields(agents.map(({ id, name }) => ({ value: id, label: name }))), [agents])
  const save = useSaveNumber(number)
  const tell = useSyncNotice()
  return (
    <GenericForm
      fields={fields}
      saved={base}
      submit="Save"
      newer={current.version > base.version ? { saved: current, onLoad: () => setBase(current) } : undefined}
      onSubmit={(payload) =>
        save.mutateAsync({ payload, version: base.version }).then(
          ({ address_normalized, provider_sync }) => {
            tell(`${address_normalized} is saved.`, provider_sync)
            onDone()
          },
          async (cause: unknown) => {
            if (cause instanceof Problem && cause.code === "version_conflict") setCurrent(await readNumber(number))
            return Promise.reject(cause)
          }
        )
      }
      aside={<Button onClick={onDone}>Cancel</Button>}
    />
  )
}

const Choices = ({ number, onDone }: { readonly number: PhoneNumber; readonly onDone: () => void }) => {
  const agents = useAgents()
  return <Loaded of={agents}>{(all) => <Form agents={all} number={number} onDone={onDone} />}</Loaded>
}

/** Changes everything of a number but its address. */
export const EditNumber = ({ number }: { readonly number: PhoneNumber }) => {
  const [open, setOpen] = useState(false)
  const close = () => setOpen(false)
  return (
    <>
      <Button small aria-label={`Edit ${number.address_normalized}`} onClick={() => setOpen(true)}>
        <Pencil size={14} aria-hidden /> Edit
      </Button>
      <Dialog open={open} onClose={close} title={number.address_normalized}>
        <Choices number={number} onDone={close} />
      </Dialog>
    </>
  )
}
