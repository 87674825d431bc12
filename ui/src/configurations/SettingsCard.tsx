import { useMemo, useState } from "react"
import { Problem } from "../api/problem.ts"
import { GenericForm } from "../form/GenericForm.tsx"
import { useNotices } from "../parts/Notices.tsx"
import { Card } from "../parts/Page.tsx"
import { useMay } from "../session/session.ts"
import { configurationFields, problemFields } from "./formFields.ts"
import { DocsLink } from "./DocsLink.tsx"
import { type Configuration, useConfiguration, useSaveConfiguration } from "./queries.ts"
import type { Provider } from "../parts/providers.ts"

/** A configuration shaped like the request that saves it. */
const formOf = ({ credentials, name }: Configuration) => ({ name, config: credentials })

/** The form of a saved configuration. It goes on from the version that it was opened with until it is told otherwise. */
export const SettingsCard = ({
  provider,
  current
}: {
  readonly provider: Provider
  readonly current: Configuration
}) => {
  const [base, setBase] = useState(current)
  const fields = useMemo(() => configurationFields(provider), [provider])
  const saved = useMemo(() => formOf(base), [base])
  const save = useSaveConfiguration(base.id)
  const { refetch } = useConfiguration(base.id)
  const { good } = useNotices()
  const isAdmin = useMay("admin")
  const newer = current.version > base.version ? { saved: formOf(current), onLoad: () => setBase(current) } : undefined
  return (
    <Card title="Settings" actions={<DocsLink of={provider} />}>
      <GenericForm
        fields={fields}
        saved={saved}
        submit="Save"
        at={problemFields}
        newer={newer}
        locked={isAdmin ? undefined : "Only admins change a configuration."}
        onSubmit={(payload, show) =>
          save.mutateAsync({ payload, version: base.version }).then(
            (now) => {
              setBase(now)
              show(formOf(now))
              good("Saved.")
            },
            async (cause: unknown) => {
              if (cause instanceof Problem && cause.code === "version_conflict") await refetch()
              return Promise.reject(cause)
            }
          )
        }
      />
    </Card>
  )
}
