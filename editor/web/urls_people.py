from django.urls import path

from editor.web import api_help, invitations, people, profile, review, signin, team, tokens

urlpatterns = [
    path("signin", signin.signin, name="signin"),
    path("signout", signin.signout, name="signout"),
    path("enter/<str:token>/", signin.signin_link, name="signin_link"),
    path("join/<str:token>/", invitations.invitation, name="invitation"),
    path("settings/", profile.settings_profile, name="settings_profile"),
    path("settings/password/", profile.settings_password, name="settings_password"),
    path("settings/tokens/", tokens.settings_tokens, name="settings_tokens"),
    path("settings/tokens/make", tokens.token_make, name="token_make"),
    path("settings/tokens/<int:pk>/revoke", tokens.token_revoke, name="token_revoke"),
    path("settings/api/", api_help.settings_api, name="settings_api"),
    path("settings/team/", team.settings_team, name="settings_team"),
    path("settings/people/", people.people, name="people"),
    path("settings/people/<int:pk>/role", people.person_role, name="person_role"),
    path("settings/people/<int:pk>/active", people.person_active, name="person_active"),
    path("settings/people/<int:pk>/link", people.person_link, name="person_link"),
    path("settings/invitations/", invitations.invitations, name="invitations"),
    path(
        "settings/invitations/<int:pk>/withdraw",
        invitations.invitation_withdraw,
        name="invitation_withdraw",
    ),
    path("review/", review.review, name="review"),
    path("review/decide", review.review_decide_many, name="review_decide_many"),
    path("review/<int:pk>/", review.review_show, name="review_show"),
    path("review/<int:pk>/decide", review.review_decide, name="review_decide"),
]
