import { PageHeader } from "../parts/Page.tsx"

export const AgentsPage = () => <PageHeader title="Agents" />
