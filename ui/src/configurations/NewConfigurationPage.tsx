import { useNavigate } from "@tanstack/react-router"
import { useMemo, useState } from "react"
import { GenericForm } from "../form/GenericForm.tsx"
import { Badge } from "../parts/Badge.tsx"
import { Button } from "../parts/Button.tsx"
import { useNotices } from "../parts/Notices.tsx"
import { Card, EmptyState, Loaded, PageHeader } from "../parts/Page.tsx"
import { useMay } from "../session/session.ts"
import { DocsLink } from "./DocsLink.tsx"
import { newConfigurationFields, problemFields } from "./formFields.ts"
import { useCreateConfiguration } from "./queries.ts"
import { type Provider, useProviders } from "../parts/providers.ts"

const connectivity: Readonly<Record<Provider["connectivity"], string>> = {
  api: "HTTP API",
  sip: "PBX or SIP"
}

const ProviderCard = ({ of, onChoose }: { readonly of: Provider; readonly onChoose: () => void }) => {
  const needed = of.fields.filter(({ required }) => required).map(({ label }) => label)
  return (
    <button
      type="button"
      onClick={onChoose}
      className="border-line bg-surface hover:border-accent flex h-full w-full flex-col items-start gap-2 rounded-lg border p-4 text-left"
    >
      <span className="flex w-full items-center justify-between gap-2">
        <span className="font-semibold">{of.display_name}</span>
        <Badge>{connectivity[of.connectivity]}</Badge>
      </span>
      <span className="text-muted text-xs">
        {needed.length === 0 ? "Nothing has to be filled in." : `Have ready: ${needed.join(", ")}.`}
      </span>
    </button>
  )
}

const Form = ({ of, onBack }: { readonly of: Provider; readonly onBack: () => void }) => {
  const fields = useMemo(() => newConfigurationFields(of), [of])
  const saved = useMemo(() => ({ name: of.display_name }), [of])
  const create = useCreateConfiguration(of.provider)
  const navigate = useNavigate()
  const { good } = useNotices()
  return (
    <Card title={`New configuration: ${of.display_name}`} actions={<DocsLink of={of} />}>
      <GenericForm
        fields={fields}
        saved={saved}
        submit="Create"
        at={problemFields}
        onSubmit={async (payload) => {
          const { id, name } = await create.mutateAsync(payload)
          good(`"${name}" is saved. Test its connection next.`)
          await navigate({ to: "/configurations/$configurationId", params: { configurationId: id } })
        }}
        aside={<Button onClick={onBack}>Choose another carrier</Button>}
      />
    </Card>
  )
}

/** A new carrier account: which carrier, then its form. */
export const NewConfigurationPage = () => {
  const providers = useProviders()
  const [chosen, choose] = useState<string>()
  const isAdmin = useMay("admin")
  if (!isAdmin) {
    return (
      <>
        <PageHeader title="New configuration" />
        <EmptyState title="Your key may not do this">
          Only admins add configurations. Ask one, or sign in again.
        </EmptyState>
      </>
    )
  }
  return (
    <>
      <PageHeader title="New configuration">
        {chosen === undefined ? "Which carrier, or which kind of telephone system, is the account of?" : undefined}
      </PageHeader>
      <Loaded of={providers}>
        {(all) => {
          const provider = all.find((each) => each.provider === chosen)
          return provider === undefined ? (
            <ul className="grid gap-3 sm:grid-cols-2 lg:grid-cols-3" aria-label="Carriers">
              {all.map((each) => (
                <li key={each.provider}>
                  <ProviderCard of={each} onChoose={() => choose(each.provider)} />
                </li>
              ))}
            </ul>
          ) : (
            <Form key={provider.provider} of={provider} onBack={() => choose(undefined)} />
          )
        }}
      </Loaded>
    </>
  )
}
