"""Relying parties that nobody here wrote: npm openid-client and mozilla-django-oidc."""
