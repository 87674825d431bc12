import { PageHeader } from "../parts/Page.tsx"

export const ConfigurationsPage = () => <PageHeader title="Configurations" />
