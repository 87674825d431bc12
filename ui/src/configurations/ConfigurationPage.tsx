import { PageHeader } from "../parts/Page.tsx"

export const ConfigurationPage = () => <PageHeader title="Configuration" />
