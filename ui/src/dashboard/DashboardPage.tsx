import { PageHeader } from "../parts/Page.tsx"

export const DashboardPage = () => <PageHeader title="Dashboard" />
