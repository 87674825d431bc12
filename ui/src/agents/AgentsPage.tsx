import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { Plus } from "lucide-react"
import { buttonClass } from "../parts/Button.tsx"
import { PageHeader } from "../parts/Page.tsx"
import { Tabs } from "../parts/Tabs.tsx"
import { useMay } from "../session/session.ts"
import { AgentList } from "./AgentList.tsx"
import { ClipList } from "./ClipList.tsx"

/** What answers calls, and the sounds that agents' settings refer to. */
export const AgentsPage = () => {
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false })
  const navigate = useNavigate()
  const mayEdit = useMay("operator")
  return (
    <>
      <PageHeader
        title="Agents"
        actions={
          mayEdit ? (
            <Link to="/agents/new" className={buttonClass("primary")}>
              <Plus size={16} aria-hidden />
              New agent
            </Link>
          ) : null
        }
      >
        An agent answers calls. Phone numbers send their calls to one, and calls that you place are joined to one.
      </PageHeader>
      <Tabs
        label="What to show"
        shown={search["tab"] === "clips" ? "clips" : "agents"}
        onShow={(tab) => void navigate({ to: "/agents", search: tab === "agents" ? {} : { tab }, replace: true })}
        tabs={[
          { name: "agents", label: "Agents", content: <AgentList /> },
          { name: "clips", label: "Audio clips", content: <ClipList /> }
        ]}
      />
    </>
  )
}
