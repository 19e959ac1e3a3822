import { Link } from '@tanstack/react-router'
import { Result } from 'antd'
import { useTranslation } from 'react-i18next'

/** Any address that no route knows. */
export function NotFoundPage() {
  const { t } = useTranslation('shell')

  return <Result status="404" title={t('notFound')} extra={<Link to="/">{t('home')}</Link>} />
}
