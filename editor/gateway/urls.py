"""Every path stands here twice: a redirect from one form to the other would lose the POST."""

from django.urls import URLPattern, path

from editor.gateway import door, links, listing, views
from editor.gateway.door import View


def both(route: str, view: View, name: str) -> list[URLPattern]:
    return [path(route, view, name=name), path(f"{route}/", view, name=f"{name}_slash")]


DEPLOYMENT = "v1/deployments/<str:deployment>/images"  # where clients made for Azure look

urlpatterns = [
    *both("v1/images/edits", views.image_edits, "v1_edits"),
    *both("v1/images/generations", views.image_generations, "v1_generations"),
    *both(f"{DEPLOYMENT}/edits", views.image_edits, "v1_deployed_edits"),
    *both(f"{DEPLOYMENT}/generations", views.image_generations, "v1_deployed_generations"),
    *both("v1/images/variations", views.image_variations, "v1_variations"),
    *both("v1/images/files/<str:key>", links.image_file, "v1_file"),
    *both("v1/models", listing.models, "v1_models"),
    path("v1/models/<path:id>", listing.model, name="v1_model"),  # names of models may hold slashes
    *both("v1/openapi.json", listing.openapi, "v1_openapi"),
    path("v1/", door.nothing_here, name="v1_slash"),
    path("v1", door.nothing_here, name="v1"),
    path("v1/<path:rest>", door.nothing_here, name="v1_nothing"),
]
