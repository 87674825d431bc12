import { useState } from "react"
import { GenericForm } from "../form/GenericForm.tsx"
import { Button } from "../parts/Button.tsx"
import { useNotices } from "../parts/Notices.tsx"
import { useMay } from "../session/session.ts"
import { agentFields, agentOf } from "./agentFields.ts"
import { type Agent, type AgentKind, useReadAgain, useReplaceAgent } from "./queries.ts"

/**
 * The settings of an agent, to be changed. The form keeps the version that it was opened with, whatever is read meanwhile: a change
 * that somebody else made is never overwritten unseen.
 */
export const AgentSettings = ({ agent, kind }: { readonly agent: Agent; readonly kind: AgentKind }) => {
  const [opened, setOpened] = useState(agent)
  const mayEdit = useMay("operator")
  const replace = useReplaceAgent(agent.id)
  const readAgain = useReadAgain(agent.id)
  const { bad, good } = useNotices()
  const loadStored = () => readAgain.mutate(undefined, { onSuccess: setOpened, onError: bad })
  return (
    <fieldset disabled={!mayEdit} title={mayEdit ? undefined : "Changing agents needs the role operator."}>
      <GenericForm
        key={opened.version}
        fields={agentFields(kind)}
        saved={opened}
        submit="Save"
        onSubmit={async (values) => {
          const saved = await replace.mutateAsync({ ...agentOf(values), version: opened.version })
          setOpened(saved)
          good(`${saved.name} is saved. Calls that begin from now on use it.`)
        }}
        explain={({ code }) =>
          code === "version_conflict" ? (
            <div
              role="alert"
              className="border-warn bg-warn-soft text-warn flex flex-wrap items-center gap-3 rounded-md border p-3"
            >
              <p className="min-w-0 flex-1">
                Somebody changed this agent since you opened it, so your changes were not saved. Load what is stored
                now, and make them again: what you typed here is lost then.
              </p>
              <Button small busy={readAgain.isPending} onClick={loadStored}>
                Load what is stored
              </Button>
            </div>
          ) : undefined
        }
      />
    </fieldset>
  )
}
