"""A portal made of mozilla-django-oidc alone: its settings and one page of ours."""
