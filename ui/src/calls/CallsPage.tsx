import { PageHeader } from "../parts/Page.tsx"

export const CallsPage = () => <PageHeader title="Calls" />
