import { PageHeader } from "../parts/Page.tsx"

export const NewAgentPage = () => <PageHeader title="NewAgent" />
