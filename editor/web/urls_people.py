from django.urls import path

from editor.web import signin

urlpatterns = [
    path("signin", signin.signin, name="signin"),
    path("signout", signin.signout, name="signout"),
    path("enter/<str:token>/", signin.signin_link, name="signin_link"),
]
