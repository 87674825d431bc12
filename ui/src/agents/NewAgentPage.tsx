import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { ChevronRight } from "lucide-react"
import { GenericForm } from "../form/GenericForm.tsx"
import { buttonClass } from "../parts/Button.tsx"
import { useNotices } from "../parts/Notices.tsx"
import { EmptyState, Loaded, PageHeader } from "../parts/Page.tsx"
import { useMay } from "../session/session.ts"
import { agentFields, agentOf } from "./agentFields.ts"
import { type AgentKind, useAgentKinds, useCreateAgent } from "./queries.ts"

const KindChoice = ({ kinds }: { readonly kinds: ReadonlyArray<AgentKind> }) => (
  <ul className="grid max-w-3xl gap-3 sm:grid-cols-2">
    {kinds.map(({ description, display_name, fields, kind }) => (
      <li key={kind}>
        <Link
          to="/agents/new"
          search={{ kind }}
          className="border-line bg-surface hover:border-accent flex h-full items-start justify-between gap-2 rounded-lg border p-4"
        >
          <span>
            <span className="block font-semibold">{display_name}</span>
            <span className="text-muted mt-1 block">{description}</span>
            {fields.some(({ required }) => required) ? null : (
              <span className="text-muted mt-1 block text-xs">Nothing has to be filled in.</span>
            )}
          </span>
          <ChevronRight size={16} aria-hidden className="text-muted mt-0.5 shrink-0" />
        </Link>
      </li>
    ))}
  </ul>
)

const NewAgentForm = ({ kind }: { readonly kind: AgentKind }) => {
  const create = useCreateAgent()
  const navigate = useNavigate()
  const { good } = useNotices()
  return (
    <GenericForm
      fields={agentFields(kind)}
      saved={{ name: kind.display_name }}
      submit="Make the agent"
      onSubmit={async (values) => {
        const agent = await create.mutateAsync({ ...agentOf(values), kind: kind.kind })
        good(`${agent.name} is made. Call it to try it out.`)
        await navigate({ to: "/agents/$agentId", params: { agentId: agent.id } })
      }}
      aside={
        <Link to="/agents/new" search={{}} className={buttonClass()}>
          Another kind
        </Link>
      }
    />
  )
}

/** First which kind, then the form of that kind. */
export const NewAgentPage = () => {
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false })
  const kinds = useAgentKinds()
  const mayEdit = useMay("operator")
  const chosen = kinds.data?.find(({ kind }) => kind === search["kind"])
  return (
    <>
      <PageHeader title={chosen === undefined ? "New agent" : `New agent: ${chosen.display_name}`}>
        {chosen === undefined
          ? "Which kind? What it does cannot be changed into another kind later."
          : chosen.description}
      </PageHeader>
      {mayEdit ? (
        <Loaded of={kinds}>
          {(all) =>
            chosen === undefined ? <KindChoice kinds={all} /> : <NewAgentForm key={chosen.kind} kind={chosen} />
          }
        </Loaded>
      ) : (
        <EmptyState title="You may not make agents">Sign in with a key of the role operator or admin.</EmptyState>
      )}
    </>
  )
}
