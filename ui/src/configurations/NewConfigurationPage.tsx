import { PageHeader } from "../parts/Page.tsx"

export const NewConfigurationPage = () => <PageHeader title="NewConfiguration" />
