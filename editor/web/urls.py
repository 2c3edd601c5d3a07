from editor.web import urls_people, urls_pictures

urlpatterns = urls_people.urlpatterns + urls_pictures.urlpatterns
