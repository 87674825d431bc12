import { PageHeader } from "../parts/Page.tsx"

export const AgentPage = () => <PageHeader title="Agent" />
