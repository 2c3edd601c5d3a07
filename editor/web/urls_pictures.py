from django.urls import path

from editor.web import (
    edits,
    files,
    gallery,
    generate,
    images,
    references,
    status,
    studio,
    uploads,
    variations,
)

urlpatterns = [
    path("", gallery.gallery, name="gallery"),
    path("people/<str:username>/", gallery.person_gallery, name="person_gallery"),
    path("activity", status.activity, name="activity"),
    path("generate", generate.generate, name="generate"),
    path("generate/estimate", generate.generate_estimate, name="generate_estimate"),
    path("images/new", uploads.image_new, name="image_new"),
    path("images/upload", uploads.image_upload, name="image_upload"),
    path("images/sample", uploads.image_sample, name="image_sample"),
    path("images/choose", references.image_choose, name="image_choose"),
    path("images/<int:pk>/", images.image_show, name="image_show"),
    path("images/<int:pk>/edit", studio.studio, name="studio"),
    path("images/<int:pk>/draft", studio.image_draft, name="image_draft"),
    path("images/<int:pk>/estimate", studio.image_estimate, name="image_estimate"),
    path("images/<int:pk>/versions", studio.image_versions, name="image_versions"),
    path("images/<int:pk>/vary", variations.image_vary, name="image_vary"),
    path(
        "images/<int:pk>/vary/estimate", variations.image_vary_estimate, name="image_vary_estimate"
    ),
    path("images/<int:pk>/thumb", files.image_thumb, name="image_thumb"),
    path("images/<int:pk>/thumb-small", files.image_thumb_small, name="image_thumb_small"),
    path("images/<int:pk>/preview", files.image_preview, name="image_preview"),
    path("images/<int:pk>/full", files.image_full, name="image_full"),
    path("images/<int:pk>/original", files.image_original, name="image_original"),
    path("edits/<int:pk>/", edits.edit_show, name="edit_show"),
    path("edits/<int:pk>/status", status.edit_status, name="edit_status"),
    path("edits/<int:pk>/again", edits.edit_again, name="edit_again"),
    path("edits/<int:pk>/cancel", edits.edit_cancel, name="edit_cancel"),
    path("edits/<int:pk>/accept-loss", edits.edit_accept_loss, name="edit_accept_loss"),
    path("edits/<int:pk>/buy-again", edits.edit_buy_again, name="edit_buy_again"),
    path("edits/<int:pk>/mask", files.edit_mask, name="edit_mask"),
    path("edits/<int:pk>/partial/<int:number>", files.edit_partial, name="edit_partial"),
    path("results/<int:pk>/raw", files.result_raw, name="result_raw"),
]
