<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de_DE" sourcelanguage="en">
 <context>
  <name>CropMap</name>
  <message>
   <source>Make the worker environment once (menu: Worker environment…).</source>
   <translation>Einmal die Arbeitsumgebung anlegen (Menü: Arbeitsumgebung…).</translation>
  </message>
  <message>
   <source>Run the demo, to see what comes out.</source>
   <translation>Die Vorführung starten, um zu sehen, was herauskommt.</translation>
  </message>
  <message>
   <source>Choose the folder of your season's images and look at what was recognised.</source>
   <translation>Den Ordner mit den Bildern der Saison wählen und ansehen, was erkannt wurde.</translation>
  </message>
  <message>
   <source>Choose labelled points or polygons and the field of the class.</source>
   <translation>Punkte oder Flächen mit bekannter Kultur und das Feld der Klasse wählen.</translation>
  </message>
  <message>
   <source>Choose a model, then make the crop map. Read the report before you believe the map.</source>
   <translation>Ein Modell wählen und die Karte rechnen. Erst den Bericht lesen, dann der Karte glauben.</translation>
  </message>
  <message>
   <source>About CropMap</source>
   <translation>Über CropMap</translation>
  </message>
  <message>
   <source>Free software under the GNU General Public License, version 3 or later.</source>
   <translation>Freie Software unter der GNU General Public License, Version 3 oder später.</translation>
  </message>
  <message>
   <source>Handbook and source</source>
   <translation>Handbuch und Quelltext</translation>
  </message>
  <message>
   <source>Installed in {folder}</source>
   <translation>Installiert in {folder}</translation>
  </message>
  <message>
   <source>CropMap</source>
   <translation>CropMap</translation>
  </message>
  <message>
   <source>Images</source>
   <translation>Bilder</translation>
  </message>
  <message>
   <source>Prepare</source>
   <translation>Rezept</translation>
  </message>
  <message>
   <source>Samples</source>
   <translation>Proben</translation>
  </message>
  <message>
   <source>Model</source>
   <translation>Modell</translation>
  </message>
  <message>
   <source>Transfer</source>
   <translation>Transfer</translation>
  </message>
  <message>
   <source>Map</source>
   <translation>Karte</translation>
  </message>
  <message>
   <source>History of runs</source>
   <translation>Frühere Läufe</translation>
  </message>
  <message>
   <source>Back</source>
   <translation>Zurück</translation>
  </message>
  <message>
   <source>Look at the images</source>
   <translation>Bilder ansehen</translation>
  </message>
  <message>
   <source>Next: preparation</source>
   <translation>Weiter: Vorbereitung</translation>
  </message>
  <message>
   <source>Next: samples</source>
   <translation>Weiter: Stichproben</translation>
  </message>
  <message>
   <source>Next: model</source>
   <translation>Weiter: Modell</translation>
  </message>
  <message>
   <source>Next: map</source>
   <translation>Weiter: Karte</translation>
  </message>
  <message>
   <source>Make the crop map</source>
   <translation>Karte rechnen</translation>
  </message>
  <message>
   <source>Cancelled.</source>
   <translation>Abgebrochen.</translation>
  </message>
  <message>
   <source>A job is running. Wait for it, or cancel it.</source>
   <translation>Ein Auftrag läuft. Bitte warten oder abbrechen.</translation>
  </message>
  <message>
   <source>This run's files are no longer there.</source>
   <translation>Die Dateien dieses Laufs sind nicht mehr da.</translation>
  </message>
  <message>
   <source>The model is trained and kept.</source>
   <translation>Das Modell ist fertig trainiert und bleibt erhalten.</translation>
  </message>
  <message>
   <source>The best model so far is kept.</source>
   <translation>Das bisher beste Modell bleibt erhalten.</translation>
  </message>
  <message>
   <source>The best settings so far are kept.</source>
   <translation>Die bisher besten Einstellungen bleiben erhalten.</translation>
  </message>
  <message>
   <source>These images cannot be used yet.</source>
   <translation>Diese Bilder sind so noch nicht verwendbar.</translation>
  </message>
  <message>
   <source>{what}: done.</source>
   <translation>{what}: fertig.</translation>
  </message>
  <message>
   <source>Use these settings</source>
   <translation>Diese Einstellungen verwenden</translation>
  </message>
  <message>
   <source>Open the folder</source>
   <translation>Ordner öffnen</translation>
  </message>
  <message>
   <source>{n} things are still to be corrected; they are marked on the pages.</source>
   <translation>{n} Angaben sind noch zu berichtigen; sie sind auf den Seiten markiert.</translation>
  </message>
  <message>
   <source>There is no worker environment yet.</source>
   <translation>Es gibt noch keine Arbeitsumgebung.</translation>
  </message>
  <message>
   <source>What was written stays in {folder}.</source>
   <translation>Was geschrieben wurde, bleibt in {folder}.</translation>
  </message>
  <message>
   <source>Use this model</source>
   <translation>Dieses Modell verwenden</translation>
  </message>
  <message>
   <source>Models finished and kept in the list of models: {n}</source>
   <translation>Modelle, die fertig sind und in der Liste der Modelle bleiben: {n}</translation>
  </message>
  <message>
   <source>Go on</source>
   <translation>Fortsetzen</translation>
  </message>
  <message>
   <source>Open the report</source>
   <translation>Bericht öffnen</translation>
  </message>
  <message>
   <source>Zoom to the map</source>
   <translation>Auf die Karte zoomen</translation>
  </message>
  <message>
   <source>Worker environment…</source>
   <translation>Arbeitsumgebung…</translation>
  </message>
  <message>
   <source>Still to be chosen: {pages}.</source>
   <translation>Noch zu wählen: {pages}.</translation>
  </message>
  <message>
   <source>Make one once: it needs a download, and leaves QGIS's own Python untouched.</source>
   <translation>Einmal anlegen: Es wird etwas heruntergeladen, das Python von QGIS bleibt unberührt.</translation>
  </message>
  <message>
   <source>Show the log</source>
   <translation>Protokoll zeigen</translation>
  </message>
  <message>
   <source>… and {n} more warnings in the report.</source>
   <translation>… und {n} weitere Warnungen im Bericht.</translation>
  </message>
  <message>
   <source>Where two maps differ</source>
   <translation>Wo zwei Karten sich unterscheiden</translation>
  </message>
  <message>
   <source>different classes</source>
   <translation>verschiedene Klassen</translation>
  </message>
  <message>
   <source>the same class</source>
   <translation>dieselbe Klasse</translation>
  </message>
  <message>
   <source>The two maps do not have the same pixels.</source>
   <translation>Die beiden Karten haben nicht dieselben Pixel.</translation>
  </message>
  <message>
   <source>Make both from the same images, then compare them.</source>
   <translation>Machen Sie beide aus denselben Bildern und vergleichen Sie sie dann.</translation>
  </message>
  <message>
   <source>Choose a crop map.</source>
   <translation>Wählen Sie eine Kulturartenkarte.</translation>
  </message>
  <message>
   <source>The layer {name} names no classes.</source>
   <translation>Die Ebene {name} nennt keine Klassen.</translation>
  </message>
  <message>
   <source>Crop map</source>
   <translation>Kulturartenkarte</translation>
  </message>
  <message>
   <source>Prepared images</source>
   <translation>Vorbereitete Bilder</translation>
  </message>
  <message>
   <source>Confidence (%)</source>
   <translation>Sicherheit (%)</translation>
  </message>
  <message>
   <source>Where to sample next</source>
   <translation>Nächste Stichproben</translation>
  </message>
  <message>
   <source>Validation points</source>
   <translation>Prüfpunkte</translation>
  </message>
  <message>
   <source>Trusted points</source>
   <translation>Vertrauenswürdige Punkte</translation>
  </message>
  <message>
   <source>Trusted pixels</source>
   <translation>Vertrauenswürdige Pixel</translation>
  </message>
  <message>
   <source>Unlike the training samples above 100 %</source>
   <translation>Dem Gelernten unähnlich: über 100 %</translation>
  </message>
  <message>
   <source>Clear observations</source>
   <translation>Wolkenfreie Beobachtungen</translation>
  </message>
  <message>
   <source>This is no sample file of CropMap with series.</source>
   <translation>Das ist keine Stichprobendatei von CropMap mit Zeitreihen.</translation>
  </message>
  <message>
   <source>Close the file in other programs, or copy it to where you may write, and choose the copy.</source>
   <translation>Schließen Sie die Datei in anderen Programmen, oder kopieren Sie sie an eine Stelle, an der Sie schreiben dürfen, und wählen Sie die Kopie.</translation>
  </message>
  <message>
   <source>The sample file has version {found}; this CropMap reads {known}.</source>
   <translation>Die Stichprobendatei hat Version {found}; dieses CropMap liest {known}.</translation>
  </message>
  <message>
   <source>Use the CropMap that wrote it, or extract the samples again.</source>
   <translation>Verwenden Sie das CropMap, das sie geschrieben hat, oder entnehmen Sie die Zeitreihen neu.</translation>
  </message>
  <message>
   <source>The sample file was removed or replaced meanwhile.</source>
   <translation>Die Stichprobendatei wurde inzwischen entfernt oder ersetzt.</translation>
  </message>
  <message>
   <source>Choose a samples.gpkg that a run has written.</source>
   <translation>Wählen Sie eine samples.gpkg, die ein Lauf geschrieben hat.</translation>
  </message>
  <message>
   <source>The file is not there.</source>
   <translation>Die Datei ist nicht da.</translation>
  </message>
  <message>
   <source>The layer has unsaved edits. Save them first: the job reads the file.</source>
   <translation>Der Layer hat ungespeicherte Änderungen. Speichern Sie sie zuerst: Der Auftrag liest die Datei.</translation>
  </message>
  <message>
   <source>it is read-only</source>
   <translation>sie ist schreibgeschützt</translation>
  </message>
  <message>
   <source>The verdict cannot be written into the file: {why}.</source>
   <translation>Das Urteil lässt sich nicht in die Datei schreiben: {why}.</translation>
  </message>
  <message>
   <source>Choose another one.</source>
   <translation>Wählen Sie eine andere.</translation>
  </message>
  <message>
   <source>The description of the samples is damaged.</source>
   <translation>Die Beschreibung der Stichproben ist beschädigt.</translation>
  </message>
  <message>
   <source>Choose it again.</source>
   <translation>Wählen Sie sie noch einmal.</translation>
  </message>
  <message>
   <source>The sample has no series of {steps} steps and {bands} bands.</source>
   <translation>Die Stichprobe hat keine Zeitreihe von {steps} Schritten und {bands} Kanälen.</translation>
  </message>
  <message>
   <source>Extract the samples again.</source>
   <translation>Entnehmen Sie die Zeitreihen neu.</translation>
  </message>
  <message>
   <source>Sample {id} is no longer where it was in the file.</source>
   <translation>Stichprobe {id} steht nicht mehr dort, wo sie in der Datei stand.</translation>
  </message>
  <message>
   <source>Choose the file again.</source>
   <translation>Wählen Sie die Datei noch einmal.</translation>
  </message>
  <message>
   <source>QGIS refused</source>
   <translation>QGIS hat es abgelehnt</translation>
  </message>
  <message>
   <source>Load the layers</source>
   <translation>Layer laden</translation>
  </message>
  <message>
   <source>Use these settings again</source>
   <translation>Diese Einstellungen wieder verwenden</translation>
  </message>
  <message>
   <source>Go on with it</source>
   <translation>Lauf fortsetzen</translation>
  </message>
  <message>
   <source>Run it again in its folder: what it had finished is not done twice.</source>
   <translation>Im selben Ordner noch einmal starten: Was fertig war, wird nicht zweimal gerechnet.</translation>
  </message>
  <message>
   <source>When</source>
   <translation>Wann</translation>
  </message>
  <message>
   <source>What</source>
   <translation>Was</translation>
  </message>
  <message>
   <source>State</source>
   <translation>Stand</translation>
  </message>
  <message>
   <source>History</source>
   <translation>Frühere Läufe</translation>
  </message>
  <message>
   <source>finished</source>
   <translation>fertig</translation>
  </message>
  <message>
   <source>not finished</source>
   <translation>nicht beendet</translation>
  </message>
  <message>
   <source>Runs in {folder}</source>
   <translation>Läufe in {folder}</translation>
  </message>
  <message>
   <source>Images of the season</source>
   <translation>Bilder der Saison</translation>
  </message>
  <message>
   <source>Choose the folder that holds the images. CropMap looks at them first and shows what it recognised.</source>
   <translation>Wählen Sie den Ordner mit den Bildern. CropMap sieht sie zuerst durch und zeigt, was es erkannt hat.</translation>
  </message>
  <message>
   <source>Look again</source>
   <translation>Noch einmal ansehen</translation>
  </message>
  <message>
   <source>What was recognised</source>
   <translation>Was erkannt wurde</translation>
  </message>
  <message>
   <source>Something wrong here? Correct it under “Settings” and look again.</source>
   <translation>Etwas falsch? Unter „Einstellungen“ berichtigen und noch einmal ansehen.</translation>
  </message>
  <message>
   <source>Everything is computed outside QGIS: you can go on working meanwhile.</source>
   <translation>Gerechnet wird außerhalb von QGIS: Sie können inzwischen weiterarbeiten.</translation>
  </message>
  <message>
   <source>Train a model with my samples, then map</source>
   <translation>Modell trainieren, dann kartieren</translation>
  </message>
  <message>
   <source>Map with a model package that I have</source>
   <translation>Mit fertigem Modellpaket kartieren</translation>
  </message>
  <message>
   <source>Folder for results</source>
   <translation>Ordner für Ergebnisse</translation>
  </message>
  <message>
   <source>Choose a folder for the results.</source>
   <translation>Wählen Sie einen Ordner für die Ergebnisse.</translation>
  </message>
  <message>
   <source>Every run gets a folder of its own in it: map, report, model, log.</source>
   <translation>Jeder Lauf bekommt darin einen eigenen Ordner: Karte, Bericht, Modell, Protokoll.</translation>
  </message>
  <message>
   <source>What learns the crops' seasonal curves. It is checked on parts of the area that it has not seen, so that neighbouring samples cannot flatter it.</source>
   <translation>Was die Jahreskurven der Kulturen lernt. Geprüft wird an Teilen des Gebiets, die es nicht gesehen hat, damit benachbarte Stichproben nicht schmeicheln.</translation>
  </message>
  <message>
   <source>A sample file brings the recipe that its series were prepared by.</source>
   <translation>Eine Stichprobendatei bringt das Rezept mit, nach dem ihre Zeitreihen vorbereitet wurden.</translation>
  </message>
  <message>
   <source>Train</source>
   <translation>Trainieren</translation>
  </message>
  <message>
   <source>Tune…</source>
   <translation>Abstimmen…</translation>
  </message>
  <message>
   <source>Compare…</source>
   <translation>Vergleichen…</translation>
  </message>
  <message>
   <source>How early?</source>
   <translation>Wie früh?</translation>
  </message>
  <message>
   <source>Models…</source>
   <translation>Modelle…</translation>
  </message>
  <message>
   <source>Fit this model, and see in the report how well it does.</source>
   <translation>Dieses Modell anpassen; der Bericht zeigt, wie gut es ist.</translation>
  </message>
  <message>
   <source>Try settings of this model for some minutes; the best ones come into the form above.</source>
   <translation>Einige Minuten lang Einstellungen dieses Modells versuchen; die besten kommen in das Formular oben.</translation>
  </message>
  <message>
   <source>Judge several models on the same folds: which is best, and by how much?</source>
   <translation>Mehrere Modelle an denselben Teilen prüfen: Welches ist das beste, und um wie viel?</translation>
  </message>
  <message>
   <source>From which date on can each crop be told apart? Takes the images and samples of this panel.</source>
   <translation>Ab welchem Tag ist jede Kultur zu erkennen? Nimmt die Bilder und Stichproben dieses Fensters.</translation>
  </message>
  <message>
   <source>All models so far: compare, rename, copy, delete them, or make maps with one.</source>
   <translation>Alle bisherigen Modelle: vergleichen, umbenennen, kopieren, löschen oder mit einem kartieren.</translation>
  </message>
  <message>
   <source>The settings before do better on samples that the search has not seen: the form keeps them.</source>
   <translation>Die bisherigen Einstellungen sind auf Stichproben, die die Suche nicht gesehen hat, besser: Das Formular behält sie.</translation>
  </message>
  <message>
   <source>The best settings found stand in the form of the Model step.</source>
   <translation>Die besten gefundenen Einstellungen stehen im Formular des Schritts Modell.</translation>
  </message>
  <message>
   <source>Sample files</source>
   <translation>Stichprobendateien</translation>
  </message>
  <message>
   <source>Try it on samples</source>
   <translation>An Stichproben erproben</translation>
  </message>
  <message>
   <source>Without a map: on a sample file that a run has written, samples.gpkg.</source>
   <translation>Ohne Karte: an einer Stichprobendatei, die ein Lauf geschrieben hat, samples.gpkg.</translation>
  </message>
  <message>
   <source>Trained before</source>
   <translation>Schon trainiert</translation>
  </message>
  <message>
   <source>(with settings of your own)</source>
   <translation>(mit eigenen Einstellungen)</translation>
  </message>
  <message>
   <source>Change…</source>
   <translation>Ändern…</translation>
  </message>
  <message>
   <source>A run that draws or reads samples writes one: samples.gpkg.</source>
   <translation>Ein Lauf, der Stichproben zieht oder liest, schreibt eine: samples.gpkg.</translation>
  </message>
  <message>
   <source>Stays as you set it: {names}.</source>
   <translation>Bleibt, wie Sie es eingestellt haben: {names}.</translation>
  </message>
  <message>
   <source>Recipe</source>
   <translation>Vorbereitung</translation>
  </message>
  <message>
   <source>Choose a sample file first.</source>
   <translation>Wählen Sie zuerst eine Stichprobendatei.</translation>
  </message>
  <message>
   <source>Preparation</source>
   <translation>Vorbereitung</translation>
  </message>
  <message>
   <source>How clouds and gaps are bridged, so that every pixel has a value at the same dates. The default suits most seasons.</source>
   <translation>Wie Wolken und Lücken überbrückt werden, damit jedes Pixel zu denselben Terminen einen Wert hat. Die Vorgabe passt für die meisten Saisons.</translation>
  </message>
  <message>
   <source>Compare recipes…</source>
   <translation>Rezepte vergleichen…</translation>
  </message>
  <message>
   <source>Write the prepared images</source>
   <translation>Vorbereitete Bilder schreiben</translation>
  </message>
  <message>
   <source>Hide some clear observations of these images, and see how well each recipe finds them again.</source>
   <translation>Einige wolkenfreie Beobachtungen dieser Bilder verdecken und sehen, wie gut jedes Rezept sie wiederfindet.</translation>
  </message>
  <message>
   <source>Prepare the images now, and keep the result: later models and maps then start from it.</source>
   <translation>Die Bilder jetzt vorbereiten und das Ergebnis behalten: Spätere Modelle und Karten gehen dann davon aus.</translation>
  </message>
  <message>
   <source>Not sure?</source>
   <translation>Nicht sicher?</translation>
  </message>
  <message>
   <source>Used more than once?</source>
   <translation>Mehrmals gebraucht?</translation>
  </message>
  <message>
   <source>You are editing the layer: verdicts wait in it until you save its edits.</source>
   <translation>Sie bearbeiten den Layer gerade: Urteile warten darin, bis Sie seine Änderungen speichern.</translation>
  </message>
  <message>
   <source>The checks found no doubtful label in this file.</source>
   <translation>Die Prüfungen haben in dieser Datei keine zweifelhafte Angabe gefunden.</translation>
  </message>
  <message>
   <source>Find doubtful labels</source>
   <translation>Zweifelhafte Angaben finden</translation>
  </message>
  <message>
   <source>Look for doubtful labels</source>
   <translation>Zweifelhafte Angaben suchen</translation>
  </message>
  <message>
   <source>Check every label against models, its class and duplicates; nothing is changed.</source>
   <translation>Jede Angabe an Modellen, ihrer Klasse und Duplikaten prüfen; geändert wird nichts.</translation>
  </message>
  <message>
   <source>Show only suspects of these classes</source>
   <translation>Nur Verdachtsfälle dieser Klassen zeigen</translation>
  </message>
  <message>
   <source>Choose a sample file. Every run that takes samples writes one: samples.gpkg.</source>
   <translation>Wählen Sie eine Stichprobendatei. Jeder Lauf mit Stichproben schreibt eine: samples.gpkg.</translation>
  </message>
  <message>
   <source>Settings</source>
   <translation>Einstellungen</translation>
  </message>
  <message>
   <source>Only undecided</source>
   <translation>Nur offene</translation>
  </message>
  <message>
   <source>Labels that models, other samples of their class or duplicates contradict. You decide each.</source>
   <translation>Angaben, denen Modelle, andere Stichproben der Klasse oder Duplikate widersprechen. Über jede entscheiden Sie.</translation>
  </message>
  <message>
   <source>Sample file</source>
   <translation>Stichprobendatei</translation>
  </message>
  <message>
   <source>Choose a sample file first: a samples.gpkg that a run has written.</source>
   <translation>Wählen Sie zuerst eine Stichprobendatei: eine samples.gpkg, die ein Lauf geschrieben hat.</translation>
  </message>
  <message>
   <source>No label of this file is marked as doubtful. “Find doubtful labels” looks for them.</source>
   <translation>Keine Angabe dieser Datei ist als zweifelhaft markiert. „Zweifelhafte Angaben finden“ sucht danach.</translation>
  </message>
  <message>
   <source>All doubtful labels are decided.</source>
   <translation>Über alle zweifelhaften Angaben ist entschieden.</translation>
  </message>
  <message>
   <source>Train a model on this file: verdicts are carried out when it is read.</source>
   <translation>Trainieren Sie ein Modell mit dieser Datei: Die Urteile werden beim Lesen ausgeführt.</translation>
  </message>
  <message>
   <source>{n} of {total}</source>
   <translation>{n} von {total}</translation>
  </message>
  <message>
   <source>Labels in doubt: {n}. Decide them one by one below.</source>
   <translation>Zweifelhafte Angaben: {n}. Entscheiden Sie unten eine nach der anderen.</translation>
  </message>
  <message>
   <source>All classes ({n})</source>
   <translation>Alle Klassen ({n})</translation>
  </message>
  <message>
   <source>Nothing is left to decide here.</source>
   <translation>Hier ist nichts mehr zu entscheiden.</translation>
  </message>
  <message>
   <source>&lt;b&gt;{n}&lt;/b&gt; of {total} decided</source>
   <translation>&lt;b&gt;{n}&lt;/b&gt; von {total} entschieden</translation>
  </message>
  <message>
   <source>Train a model with it</source>
   <translation>Modell damit trainieren</translation>
  </message>
  <message>
   <source>Labelled samples</source>
   <translation>Bekannte Kulturen</translation>
  </message>
  <message>
   <source>Points or polygons whose crop is known. The model learns from the image series at these places.</source>
   <translation>Punkte oder Flächen, deren Kultur bekannt ist. Das Modell lernt aus den Bildreihen an diesen Stellen.</translation>
  </message>
  <message>
   <source>Survey</source>
   <translation>Erhebung</translation>
  </message>
  <message>
   <source>Reference maps</source>
   <translation>Referenzkarten</translation>
  </message>
  <message>
   <source>Review</source>
   <translation>Prüfung</translation>
  </message>
  <message>
   <source>{n} points are drawn; they are the samples now.</source>
   <translation>{n} Punkte sind gezogen; sie sind jetzt die Stichproben.</translation>
  </message>
  <message>
   <source>All other labels</source>
   <translation>Alle anderen</translation>
  </message>
  <message>
   <source>Each label is a class.</source>
   <translation>Jede Bezeichnung ist eine Klasse.</translation>
  </message>
  <message>
   <source>Choose the field that holds the class; CropMap looks for it itself where you choose none.</source>
   <translation>Wählen Sie das Feld mit der Klasse; ohne Wahl sucht CropMap es selbst.</translation>
  </message>
  <message>
   <source>Class field</source>
   <translation>Feld der Klasse</translation>
  </message>
  <message>
   <source>Classes</source>
   <translation>Klassen</translation>
  </message>
  <message>
   <source>{n} samples with {k} labels.</source>
   <translation>{n} Stichproben mit {k} Bezeichnungen.</translation>
  </message>
  <message>
   <source>So many classes: is it the right field?</source>
   <translation>So viele Klassen: Ist es das richtige Feld?</translation>
  </message>
  <message>
   <source>Choose a layer or a file.</source>
   <translation>Wählen Sie einen Layer oder eine Datei.</translation>
  </message>
  <message>
   <source>Fewer than ten samples: {names}.</source>
   <translation>Weniger als zehn Stichproben: {names}.</translation>
  </message>
  <message>
   <source>Small shift: the source's model may do as it is.</source>
   <translation>Kleiner Unterschied: Das Modell des Ausgangsgebiets kann so genügen, wie es ist.</translation>
  </message>
  <message>
   <source>Moderate shift: adapt the model, or label some of the target.</source>
   <translation>Mittlerer Unterschied: Passen Sie das Modell an, oder bestimmen Sie im Zielgebiet einige Kulturen.</translation>
  </message>
  <message>
   <source>Large shift: label some of the target if you can.</source>
   <translation>Großer Unterschied: Bestimmen Sie im Zielgebiet einige Kulturen, wenn Sie können.</translation>
  </message>
  <message>
   <source>Use what was learnt at one site, or in one year, at another that has few labels or none. Leave this step out where the samples are of the site that is mapped.</source>
   <translation>Was in einem Gebiet oder Jahr gelernt wurde, in einem anderen nutzen, aus dem wenige oder keine Kulturen bekannt sind. Lassen Sie diesen Schritt aus, wo die Stichproben aus dem Gebiet sind, das kartiert wird.</translation>
  </message>
  <message>
   <source>No model: train one on the samples</source>
   <translation>Kein Modell: eines an den Stichproben trainieren</translation>
  </message>
  <message>
   <source>The images of the Images step</source>
   <translation>Die Bilder des Schritts Bilder</translation>
  </message>
  <message>
   <source>Measure the shift</source>
   <translation>Unterschied messen</translation>
  </message>
  <message>
   <source>Carry the model over</source>
   <translation>Modell übertragen</translation>
  </message>
  <message>
   <source>Sample file, where there are labels</source>
   <translation>Stichprobendatei, wo Kulturen bekannt sind</translation>
  </message>
  <message>
   <source>Before any label of the target is needed: how far apart are the two sites?</source>
   <translation>Bevor im Zielgebiet eine Kultur bekannt sein muss: Wie weit sind die beiden Gebiete voneinander entfernt?</translation>
  </message>
  <message>
   <source>Tick one or several, to compare them side by side. Where none is ticked, those run that are advised.</source>
   <translation>Haken Sie eines oder mehrere an, um sie nebeneinander zu vergleichen. Ist keines angehakt, laufen die empfohlenen.</translation>
  </message>
  <message>
   <source>From: the source</source>
   <translation>Von: Ausgangsgebiet</translation>
  </message>
  <message>
   <source>To: the target</source>
   <translation>Nach: Zielgebiet</translation>
  </message>
  <message>
   <source>How different are they?</source>
   <translation>Wie verschieden sind sie?</translation>
  </message>
  <message>
   <source>Strategies</source>
   <translation>Verfahren</translation>
  </message>
  <message>
   <source>none are chosen yet</source>
   <translation>noch keine gewählt</translation>
  </message>
  <message>
   <source>Results</source>
   <translation>Ergebnisse</translation>
  </message>
  <message>
   <source>There is nothing to transfer from.</source>
   <translation>Es gibt nichts, was übertragen werden könnte.</translation>
  </message>
  <message>
   <source>The shift is measured between series; of the source there is a model alone.</source>
   <translation>Der Unterschied wird zwischen Zeitreihen gemessen; vom Ausgangsgebiet gibt es nur ein Modell.</translation>
  </message>
  <message>
   <source>There is nothing to transfer to.</source>
   <translation>Es gibt nichts, wohin übertragen werden könnte.</translation>
  </message>
  <message>
   <source>Choose a model of the source, or its sample file.</source>
   <translation>Wählen Sie ein Modell des Ausgangsgebiets oder seine Stichprobendatei.</translation>
  </message>
  <message>
   <source>Choose the source's sample file too.</source>
   <translation>Wählen Sie auch die Stichprobendatei des Ausgangsgebiets.</translation>
  </message>
  <message>
   <source>Choose the target's images in the Images step, or a sample file of the target.</source>
   <translation>Wählen Sie die Bilder des Zielgebiets im Schritt Bilder oder eine Stichprobendatei des Zielgebiets.</translation>
  </message>
  <message>
   <source>No pixel of {name} is left: {rule} took the last {n}.</source>
   <translation>Von {name} ist kein Pixel übrig. Die letzten {n} nahm diese Regel: {rule}.</translation>
  </message>
  <message>
   <source>Pixels</source>
   <translation>Pixel</translation>
  </message>
  <message>
   <source>All other codes</source>
   <translation>Andere Codes</translation>
  </message>
  <message>
   <source>Each class of the maps is a class.</source>
   <translation>Jede Klasse der Karten ist eine Klasse.</translation>
  </message>
  <message>
   <source>Count the pixels</source>
   <translation>Pixel zählen</translation>
  </message>
  <message>
   <source>Show on the map</source>
   <translation>Auf der Karte zeigen</translation>
  </message>
  <message>
   <source>Draw samples</source>
   <translation>Stichproben ziehen</translation>
  </message>
  <message>
   <source>Count the pixels to see what each rule leaves of each class, before drawing.</source>
   <translation>Pixel zählen, um vor dem Ziehen zu sehen, was jede Regel von jeder Klasse übrig lässt.</translation>
  </message>
  <message>
   <source>the patterns</source>
   <translation>die Muster</translation>
  </message>
  <message>
   <source>Choose a legend file</source>
   <translation>Legendendatei wählen</translation>
  </message>
  <message>
   <source>The names in the maps themselves</source>
   <translation>Namen in den Karten selbst</translation>
  </message>
  <message>
   <source>Cropland Data Layer (CDL)</source>
   <translation>Cropland Data Layer (CDL)</translation>
  </message>
  <message>
   <source>Target year, further layers</source>
   <translation>Zieljahr, weitere Layer</translation>
  </message>
  <message>
   <source>newest map</source>
   <translation>neueste Karte</translation>
  </message>
  <message>
   <source>Label rasters of many years, such as the Cropland Data Layer: where they agree, trust them.</source>
   <translation>Klassenraster vieler Jahre, etwa der Cropland Data Layer: Wo sie übereinstimmen, kann man ihnen trauen.</translation>
  </message>
  <message>
   <source>What the maps' codes mean</source>
   <translation>Bedeutung der Codes in den Karten</translation>
  </message>
  <message>
   <source>Rules</source>
   <translation>Regeln</translation>
  </message>
  <message>
   <source>What the rules leave</source>
   <translation>Was die Regeln übrig lassen</translation>
  </message>
  <message>
   <source>Draw points</source>
   <translation>Punkte ziehen</translation>
  </message>
  <message>
   <source>Pixels foretold right in held-out years ({years}):</source>
   <translation>Richtig vorhergesagte Pixel in zurückgehaltenen Jahren ({years}):</translation>
  </message>
  <message>
   <source>Changed since the pixels were counted: {names}. Count again.</source>
   <translation>Seit dem Zählen geändert: {names}. Noch einmal zählen.</translation>
  </message>
  <message>
   <source>{pattern} ({classes}): {share} % of {n}</source>
   <translation>{pattern} ({classes}): {share} % von {n}</translation>
  </message>
  <message>
   <source>(dropped)</source>
   <translation>(verworfen)</translation>
  </message>
  <message>
   <source>CropMap panel</source>
   <translation>CropMap-Bedienfeld</translation>
  </message>
  <message>
   <source>Series under the cursor</source>
   <translation>Zeitreihe unter dem Mauszeiger</translation>
  </message>
  <message>
   <source>Run the demo</source>
   <translation>Vorführung starten</translation>
  </message>
  <message>
   <source>Help and about</source>
   <translation>Hilfe und Info</translation>
  </message>
  <message>
   <source>There is no worker environment yet. Make one in QGIS (menu Raster, CropMap, Worker environment), or set the variable CROPMAP_PYTHON to a Python that has the library's requirements.</source>
   <translation>Es gibt noch keine Arbeitsumgebung. Legen Sie sie in QGIS an (Menü Raster, CropMap, Arbeitsumgebung) oder setzen Sie die Variable CROPMAP_PYTHON auf ein Python, das die nötigen Pakete hat.</translation>
  </message>
  <message>
   <source>It runs outside QGIS, in the worker environment (menu Raster, CropMap).</source>
   <translation>Läuft außerhalb von QGIS, in der Arbeitsumgebung (Menü Raster, CropMap).</translation>
  </message>
  <message>
   <source>Figures (JSON)</source>
   <translation>Kennzahlen (JSON)</translation>
  </message>
  <message>
   <source>Log: {log}</source>
   <translation>Protokoll: {log}</translation>
  </message>
  <message>
   <source>Open the layers in the project</source>
   <translation>Layer im Projekt öffnen</translation>
  </message>
  <message>
   <source>Where: {where}</source>
   <translation>Wo: {where}</translation>
  </message>
  <message>
   <source>What to do: {fix}</source>
   <translation>Was tun: {fix}</translation>
  </message>
  <message>
   <source>{what}: settings (JSON)</source>
   <translation>{what}: Einstellungen (JSON)</translation>
  </message>
  <message>
   <source>Parameters of the choice as JSON, for example {example}.</source>
   <translation>Parameter der Wahl als JSON, zum Beispiel {example}.</translation>
  </message>
  <message>
   <source>{key} is not JSON: {why}.</source>
   <translation>{key} ist kein JSON: {why}.</translation>
  </message>
  <message>
   <source>{key} must be a JSON object, like {"name": 1}.</source>
   <translation>{key} muss ein JSON-Objekt sein, etwa {"name": 1}.</translation>
  </message>
  <message>
   <source>CropMap: crop maps from image time series</source>
   <translation>CropMap: Kulturartenkarten aus Bildzeitreihen</translation>
  </message>
  <message>
   <source>Search</source>
   <translation>Suche</translation>
  </message>
  <message>
   <source>Fold {n}</source>
   <translation>Teil {n}</translation>
  </message>
  <message>
   <source>run {n}</source>
   <translation>Lauf {n}</translation>
  </message>
  <message>
   <source>{n} labels</source>
   <translation>{n} Bezeichnungen</translation>
  </message>
  <message>
   <source>until {n}</source>
   <translation>bis {n}</translation>
  </message>
  <message>
   <source>training loss</source>
   <translation>Verlust Training</translation>
  </message>
  <message>
   <source>validation loss</source>
   <translation>Verlust Prüfung</translation>
  </message>
  <message>
   <source>validation accuracy</source>
   <translation>Genauigkeit</translation>
  </message>
  <message>
   <source>score of a trial</source>
   <translation>Wert eines Versuchs</translation>
  </message>
  <message>
   <source>best so far</source>
   <translation>bisher bester</translation>
  </message>
  <message>
   <source>trial {n}</source>
   <translation>Versuch {n}</translation>
  </message>
  <message>
   <source>score {n}</source>
   <translation>Wert {n}</translation>
  </message>
  <message>
   <source>epoch {n}</source>
   <translation>Epoche {n}</translation>
  </message>
  <message>
   <source>accuracy {n}</source>
   <translation>Genauigkeit {n}</translation>
  </message>
  <message>
   <source>not measured</source>
   <translation>nicht gemessen</translation>
  </message>
  <message>
   <source>best: {n}</source>
   <translation>beste: {n}</translation>
  </message>
  <message>
   <source>automatic</source>
   <translation>automatisch</translation>
  </message>
  <message>
   <source>each label is a class</source>
   <translation>jede Bezeichnung ist eine Klasse</translation>
  </message>
  <message>
   <source>separated by commas</source>
   <translation>durch Kommas getrennt</translation>
  </message>
  <message>
   <source>name=number, name=number</source>
   <translation>Name=Zahl, …</translation>
  </message>
  <message>
   <source>On samples that the search has not seen: mean F1 {n}; with the settings before {before}</source>
   <translation>Auf Stichproben, die die Suche nicht gesehen hat: mittleres F1 {n}; mit den bisherigen Einstellungen {before}</translation>
  </message>
  <message>
   <source>Best: {strategy}, mean F1 {n}</source>
   <translation>Am besten: {strategy}, mittleres F1 {n}</translation>
  </message>
  <message>
   <source>Overall accuracy against the known truth: {n}</source>
   <translation>Gesamtgenauigkeit gegen die bekannte Wahrheit: {n}</translation>
  </message>
  <message>
   <source>Overall accuracy in spatial cross-validation: {n}</source>
   <translation>Gesamtgenauigkeit in der räumlichen Kreuzvalidierung: {n}</translation>
  </message>
  <message>
   <source>Mean F1 of the classes: {n}</source>
   <translation>Mittleres F1 der Klassen: {n}</translation>
  </message>
  <message>
   <source>Samples used: {n}</source>
   <translation>Verwendete Stichproben: {n}</translation>
  </message>
  <message>
   <source>Unlike the samples that the model learnt from: {share} % of the mapped pixels</source>
   <translation>Den Stichproben unähnlich, aus denen das Modell gelernt hat: {share} % der kartierten Pixel</translation>
  </message>
  <message>
   <source>Ahead of the next by {n} points (95 % interval {low} to {high})</source>
   <translation>{n} Punkte vor dem nächsten (95-%-Intervall {low} bis {high})</translation>
  </message>
  <message>
   <source>Told apart by a classifier of sites: AUC {n}</source>
   <translation>Von einem Klassifikator der Gebiete unterschieden: AUC {n}</translation>
  </message>
  <message>
   <source>The target's calendar: {n} days</source>
   <translation>Kalender des Zielgebiets: {n} Tage</translation>
  </message>
  <message>
   <source>Shares of classes that differ: {n} %</source>
   <translation>Anteile der Klassen, die sich unterscheiden: {n} %</translation>
  </message>
  <message>
   <source>Best: {model}, overall accuracy {n}</source>
   <translation>Bestes: {model}, Gesamtgenauigkeit {n}</translation>
  </message>
  <message>
   <source>Settings tried: {n}</source>
   <translation>Probierte Einstellungen: {n}</translation>
  </message>
  <message>
   <source>Left out: {what}</source>
   <translation>Ausgelassen: {what}</translation>
  </message>
  <message>
   <source>Left out: {model}</source>
   <translation>Ausgelassen: {model}</translation>
  </message>
  <message>
   <source>Told apart from {date} on: {names}</source>
   <translation>Ab {date} unterscheidbar: {names}</translation>
  </message>
  <message>
   <source>Not told apart in this season: {names}</source>
   <translation>In dieser Saison nicht unterscheidbar: {names}</translation>
  </message>
  <message>
   <source>Load steps</source>
   <translation>Schritte laden</translation>
  </message>
  <message>
   <source>Save steps</source>
   <translation>Schritte speichern</translation>
  </message>
  <message>
   <source>Remove</source>
   <translation>Entfernen</translation>
  </message>
  <message>
   <source>Add</source>
   <translation>Hinzufügen</translation>
  </message>
  <message>
   <source>Load…</source>
   <translation>Laden…</translation>
  </message>
  <message>
   <source>Save…</source>
   <translation>Speichern…</translation>
  </message>
  <message>
   <source>Earlier</source>
   <translation>Weiter nach vorn</translation>
  </message>
  <message>
   <source>Later</source>
   <translation>Weiter nach hinten</translation>
  </message>
  <message>
   <source>More settings</source>
   <translation>Weitere Einstellungen</translation>
  </message>
  <message>
   <source>Advanced</source>
   <translation>Erweitert</translation>
  </message>
  <message>
   <source>{file} names unknown steps: {names}.</source>
   <translation>{file} nennt unbekannte Schritte: {names}.</translation>
  </message>
  <message>
   <source>{file} holds no list of steps: {why}</source>
   <translation>{file} enthält keine Liste von Schritten: {why}</translation>
  </message>
  <message>
   <source>{file} cannot be written: {why}</source>
   <translation>{file} lässt sich nicht schreiben: {why}</translation>
  </message>
  <message>
   <source>Choose this model in the Model step, and give it what it needs there.</source>
   <translation>Wählen Sie dieses Modell im Schritt Modell und geben Sie ihm dort, was es braucht.</translation>
  </message>
  <message>
   <source>Start</source>
   <translation>Beginn</translation>
  </message>
  <message>
   <source>Cancel</source>
   <translation>Abbrechen</translation>
  </message>
  <message>
   <source>Tick at least two models.</source>
   <translation>Wählen Sie mindestens zwei Modelle.</translation>
  </message>
  <message>
   <source>Choose a layer, or a file →</source>
   <translation>Layer wählen, oder Datei →</translation>
  </message>
  <message>
   <source>Choose a file</source>
   <translation>Datei wählen</translation>
  </message>
  <message>
   <source>A layer that was chosen is no longer in the project.</source>
   <translation>Ein gewählter Layer ist nicht mehr im Projekt.</translation>
  </message>
  <message>
   <source>The layer cannot be copied: {why}</source>
   <translation>Der Layer lässt sich nicht kopieren: {why}</translation>
  </message>
  <message>
   <source>no coordinate system</source>
   <translation>kein Koordinatensystem</translation>
  </message>
  <message>
   <source>File names</source>
   <translation>Dateinamen</translation>
  </message>
  <message>
   <source>Scale</source>
   <translation>Skalierung</translation>
  </message>
  <message>
   <source>Offset</source>
   <translation>Versatz</translation>
  </message>
  <message>
   <source>No data</source>
   <translation>Kein Wert</translation>
  </message>
  <message>
   <source>Valid values</source>
   <translation>Gültige Werte</translation>
  </message>
  <message>
   <source>Bands in the files</source>
   <translation>Kanäle in den Dateien</translation>
  </message>
  <message>
   <source>Clear-sky mask</source>
   <translation>Wolkenmaske</translation>
  </message>
  <message>
   <source>Mask widened by, pixels</source>
   <translation>Maske verbreitert um (Pixel)</translation>
  </message>
  <message>
   <source>none</source>
   <translation>keine</translation>
  </message>
  <message>
   <source>&lt;b&gt;{n}&lt;/b&gt; dates</source>
   <translation>&lt;b&gt;{n}&lt;/b&gt; Termine</translation>
  </message>
  <message>
   <source>&lt;b&gt;{n}&lt;/b&gt; bands</source>
   <translation>&lt;b&gt;{n}&lt;/b&gt; Kanäle</translation>
  </message>
  <message>
   <source>{w} x {h} pixels</source>
   <translation>{w} x {h} Pixel</translation>
  </message>
  <message>
   <source>{n} dates, from {first} to {last}</source>
   <translation>{n} Termine, von {first} bis {last}</translation>
  </message>
  <message>
   <source>{band} is missing on {date}</source>
   <translation>{band} fehlt am {date}</translation>
  </message>
  <message>
   <source>Show where they differ</source>
   <translation>Zeigen, wo sie sich unterscheiden</translation>
  </message>
  <message>
   <source>Choose two maps first.</source>
   <translation>Wählen Sie zuerst zwei Karten.</translation>
  </message>
  <message>
   <source>Compare two maps</source>
   <translation>Zwei Karten vergleichen</translation>
  </message>
  <message>
   <source>Two maps of the same images: what they disagree on is worth a look.</source>
   <translation>Zwei Karten derselben Bilder: Worin sie sich nicht einig sind, ist einen Blick wert.</translation>
  </message>
  <message>
   <source>The layer's file cannot be written: {why}</source>
   <translation>Die Datei der Ebene lässt sich nicht schreiben: {why}</translation>
  </message>
  <message>
   <source>cannot be read</source>
   <translation>nicht lesbar</translation>
  </message>
  <message>
   <source>Name</source>
   <translation>Name</translation>
  </message>
  <message>
   <source>Season</source>
   <translation>Saison</translation>
  </message>
  <message>
   <source>CropMap: models</source>
   <translation>CropMap: Modelle</translation>
  </message>
  <message>
   <source>There is no model yet: train one, or add a model package by its file.</source>
   <translation>Noch gibt es kein Modell: Trainieren Sie eines, oder fügen Sie ein Modellpaket als Datei hinzu.</translation>
  </message>
  <message>
   <source>Make maps with it</source>
   <translation>Damit kartieren</translation>
  </message>
  <message>
   <source>Carry to another site…</source>
   <translation>In ein anderes Gebiet übertragen…</translation>
  </message>
  <message>
   <source>Join to an ensemble</source>
   <translation>Zu einem Ensemble verbinden</translation>
  </message>
  <message>
   <source>Make one model that answers the mean of those selected, two or more.</source>
   <translation>Ein Modell bilden, das mit dem Mittelwert der ausgewählten antwortet, zwei oder mehr.</translation>
  </message>
  <message>
   <source>Rename</source>
   <translation>Umbenennen</translation>
  </message>
  <message>
   <source>Save a copy…</source>
   <translation>Kopie speichern…</translation>
  </message>
  <message>
   <source>Delete…</source>
   <translation>Löschen…</translation>
  </message>
  <message>
   <source>Add a file…</source>
   <translation>Datei hinzufügen…</translation>
  </message>
  <message>
   <source>Save a copy of the model</source>
   <translation>Kopie des Modells speichern</translation>
  </message>
  <message>
   <source>Add model packages</source>
   <translation>Modellpakete hinzufügen</translation>
  </message>
  <message>
   <source>Delete this model? It cannot be brought back.</source>
   <translation>Dieses Modell löschen? Es lässt sich nicht zurückholen.</translation>
  </message>
  <message>
   <source>Delete these {n} models for good?</source>
   <translation>Diese {n} Modelle endgültig löschen?</translation>
  </message>
  <message>
   <source>Accuracy</source>
   <translation>Genauigkeit</translation>
  </message>
  <message>
   <source>Written</source>
   <translation>Geschrieben</translation>
  </message>
  <message>
   <source>Size</source>
   <translation>Größe</translation>
  </message>
  <message>
   <source>Cross-validated figures. Select several models, with Ctrl or Shift, to compare them.</source>
   <translation>Werte aus der Kreuzvalidierung. Mehrere Modelle, mit Strg oder Umschalt ausgewählt, werden verglichen.</translation>
  </message>
  <message>
   <source>A copy is saved.</source>
   <translation>Eine Kopie ist gespeichert.</translation>
  </message>
  <message>
   <source>Keep it</source>
   <translation>Behalten</translation>
  </message>
  <message>
   <source>Models of the runs in {folder}, and those added by file</source>
   <translation>Modelle der Läufe in {folder} und als Datei hinzugefügte</translation>
  </message>
  <message>
   <source>Delete the file</source>
   <translation>Datei löschen</translation>
  </message>
  <message>
   <source>Delete the files</source>
   <translation>Dateien löschen</translation>
  </message>
  <message>
   <source>Only take it off the list</source>
   <translation>Nur aus der Liste nehmen</translation>
  </message>
  <message>
   <source>{figure} in cross-validation</source>
   <translation>{figure} in der Kreuzvalidierung</translation>
  </message>
  <message>
   <source>The first {n} of those selected.</source>
   <translation>Die ersten {n} der ausgewählten.</translation>
  </message>
  <message>
   <source>… and {n} more</source>
   <translation>… und {n} weitere</translation>
  </message>
  <message>
   <source>Close this message</source>
   <translation>Meldung schließen</translation>
  </message>
  <message>
   <source>Choose a model package</source>
   <translation>Modellpaket wählen</translation>
  </message>
  <message>
   <source>Overall accuracy</source>
   <translation>Gesamtgenauigkeit</translation>
  </message>
  <message>
   <source>Macro F1</source>
   <translation>Makro-F1</translation>
  </message>
  <message>
   <source>Kappa</source>
   <translation>Kappa</translation>
  </message>
  <message>
   <source>Bands</source>
   <translation>Kanäle</translation>
  </message>
  <message>
   <source>Steps</source>
   <translation>Schritte</translation>
  </message>
  <message>
   <source>{first} to {last}</source>
   <translation>{first} bis {last}</translation>
  </message>
  <message>
   <source>one path a line</source>
   <translation>ein Pfad je Zeile</translation>
  </message>
  <message>
   <source>Add files…</source>
   <translation>Dateien…</translation>
  </message>
  <message>
   <source>Choose files</source>
   <translation>Dateien wählen</translation>
  </message>
  <message>
   <source>Add layer</source>
   <translation>Layer hinzufügen</translation>
  </message>
  <message>
   <source>Open in the browser</source>
   <translation>Im Browser öffnen</translation>
  </message>
  <message>
   <source>A drawing stands here in the browser.</source>
   <translation>Hier steht im Browser eine Zeichnung.</translation>
  </message>
  <message>
   <source>Smaller</source>
   <translation>Kleiner</translation>
  </message>
  <message>
   <source>Larger</source>
   <translation>Größer</translation>
  </message>
  <message>
   <source>Report: {run}</source>
   <translation>Bericht: {run}</translation>
  </message>
  <message>
   <source>Log</source>
   <translation>Protokoll</translation>
  </message>
  <message>
   <source>Curves</source>
   <translation>Kurven</translation>
  </message>
  <message>
   <source>Loss and accuracy of the training, epoch by epoch</source>
   <translation>Verlust und Genauigkeit des Trainings, Epoche für Epoche</translation>
  </message>
  <message>
   <source>Starting the worker…</source>
   <translation>Arbeitsprozess startet…</translation>
  </message>
  <message>
   <source>Stopping…</source>
   <translation>Wird angehalten…</translation>
  </message>
  <message>
   <source>about {time} left</source>
   <translation>noch etwa {time}</translation>
  </message>
  <message>
   <source>{h} h {n} min</source>
   <translation>{h} h {n} min</translation>
  </message>
  <message>
   <source>{n} s</source>
   <translation>{n} s</translation>
  </message>
  <message>
   <source>{n} min</source>
   <translation>{n} min</translation>
  </message>
  <message>
   <source>took {time}</source>
   <translation>dauerte {time}</translation>
  </message>
  <message>
   <source>New class</source>
   <translation>Neue Klasse</translation>
  </message>
  <message>
   <source>nothing</source>
   <translation>nichts</translation>
  </message>
  <message>
   <source>Labels or codes that become no class, separated by commas</source>
   <translation>Bezeichnungen oder Codes, aus denen keine Klasse wird, durch Kommas getrennt</translation>
  </message>
  <message>
   <source>What becomes of labels that nothing above names</source>
   <translation>Was aus Bezeichnungen wird, die oben nicht genannt sind</translation>
  </message>
  <message>
   <source>Add a class</source>
   <translation>Klasse hinzufügen</translation>
  </message>
  <message>
   <source>Remove the selected classes: what they are made of is left out</source>
   <translation>Die gewählten Klassen entfernen: Woraus sie bestehen, wird ausgelassen</translation>
  </message>
  <message>
   <source>Merge</source>
   <translation>Vereinen</translation>
  </message>
  <message>
   <source>Make one class of the selected ones; a class that gets another's name joins it</source>
   <translation>Aus den gewählten Klassen eine machen; eine Klasse, die den Namen einer anderen bekommt, geht in ihr auf</translation>
  </message>
  <message>
   <source>Scheme</source>
   <translation>Schema</translation>
  </message>
  <message>
   <source>Schemes that are ready to use, and files</source>
   <translation>Fertige Klassenschemata und Dateien</translation>
  </message>
  <message>
   <source>Load a scheme</source>
   <translation>Klassenschema laden</translation>
  </message>
  <message>
   <source>Save the scheme</source>
   <translation>Klassenschema speichern</translation>
  </message>
  <message>
   <source>No class may be called “left out”.</source>
   <translation>Keine Klasse darf „left out“ heißen.</translation>
  </message>
  <message>
   <source>Class</source>
   <translation>Klasse</translation>
  </message>
  <message>
   <source>Made of</source>
   <translation>Besteht aus</translation>
  </message>
  <message>
   <source>are refused</source>
   <translation>werden zurückgewiesen</translation>
  </message>
  <message>
   <source>are left out</source>
   <translation>werden ausgelassen</translation>
  </message>
  <message>
   <source>Named by no class: {labels}. Other words for the same crop are understood when it runs.</source>
   <translation>Von keiner Klasse genannt: {labels}. Andere Wörter für dieselbe Kultur werden beim Lauf verstanden.</translation>
  </message>
  <message>
   <source>Leave each label in one place.</source>
   <translation>Lassen Sie jede Bezeichnung nur an einer Stelle stehen.</translation>
  </message>
  <message>
   <source>Remove the class instead.</source>
   <translation>Entfernen Sie stattdessen die Klasse.</translation>
  </message>
  <message>
   <source>Write labels or codes beside it, or let all others go to it.</source>
   <translation>Schreiben Sie Bezeichnungen oder Codes daneben, oder lassen Sie alle anderen dorthin gehen.</translation>
  </message>
  <message>
   <source>Left out</source>
   <translation>Ausgelassen</translation>
  </message>
  <message>
   <source>{sources}: named more than once.</source>
   <translation>{sources}: mehr als einmal genannt.</translation>
  </message>
  <message>
   <source>{classes}: made of nothing yet.</source>
   <translation>{classes}: besteht noch aus nichts.</translation>
  </message>
  <message>
   <source>Each label a class</source>
   <translation>Jede Bezeichnung eine Klasse</translation>
  </message>
  <message>
   <source>Code {code} in maps</source>
   <translation>Code {code} in Karten</translation>
  </message>
  <message>
   <source>{file} cannot be read: {why}</source>
   <translation>{file} lässt sich nicht lesen: {why}</translation>
  </message>
  <message>
   <source>Move the pointer over a prepared cube, or near a sample, that the project shows.</source>
   <translation>Bewegen Sie den Mauszeiger über einen vorbereiteten Bildwürfel oder in die Nähe einer Stichprobe, die das Projekt zeigt.</translation>
  </message>
  <message>
   <source>The index or band that is drawn</source>
   <translation>Der Index oder Kanal, der gezeichnet wird</translation>
  </message>
  <message>
   <source>Band</source>
   <translation>Kanal</translation>
  </message>
  <message>
   <source>pixel</source>
   <translation>Pixel</translation>
  </message>
  <message>
   <source>The cube has no series here.</source>
   <translation>Der Bildwürfel hat hier keine Zeitreihe.</translation>
  </message>
  <message>
   <source>Line: the pixel in {layer}.</source>
   <translation>Linie: das Pixel in {layer}.</translation>
  </message>
  <message>
   <source>Dashed: sample {id}, {name}.</source>
   <translation>Gestrichelt: Stichprobe {id}, {name}.</translation>
  </message>
  <message>
   <source>a model of the source</source>
   <translation>ein Modell des Ausgangsgebiets</translation>
  </message>
  <message>
   <source>the source's samples</source>
   <translation>die Stichproben des Ausgangsgebiets</translation>
  </message>
  <message>
   <source>the target's images</source>
   <translation>die Bilder des Zielgebiets</translation>
  </message>
  <message>
   <source>labelled samples of the target</source>
   <translation>Stichproben des Zielgebiets mit bekannter Kultur</translation>
  </message>
  <message>
   <source>a neural network as the source's model</source>
   <translation>ein neuronales Netz als Modell des Ausgangsgebiets</translation>
  </message>
  <message>
   <source>Expected mean F1: {middle} ({low} to {high})</source>
   <translation>Erwartetes mittleres F1: {middle} ({low} bis {high})</translation>
  </message>
  <message>
   <source>Show fewer</source>
   <translation>Weniger zeigen</translation>
  </message>
  <message>
   <source>Show all strategies</source>
   <translation>Alle Verfahren zeigen</translation>
  </message>
  <message>
   <source>Needs {what}.</source>
   <translation>Benötigt: {what}.</translation>
  </message>
  <message>
   <source>Dashed: the classes' medians. Shaded: where half and where most (90 in 100) of each class lie.</source>
   <translation>Gestrichelt: die Mediane der Klassen. Schattiert: wo die Hälfte und wo die meisten (90 von 100) jeder Klasse liegen.</translation>
  </message>
  <message>
   <source>no suggestion</source>
   <translation>kein Vorschlag</translation>
  </message>
  <message>
   <source>Another class</source>
   <translation>Andere Klasse</translation>
  </message>
  <message>
   <source>The band that is drawn</source>
   <translation>Der Kanal, der gezeichnet wird</translation>
  </message>
  <message>
   <source>Draw the series of the pixel and of the sample under the mouse pointer</source>
   <translation>Die Zeitreihen des Pixels und der Stichprobe unter dem Mauszeiger zeichnen</translation>
  </message>
  <message>
   <source>the one that tells most</source>
   <translation>der deutlichste</translation>
  </message>
  <message>
   <source>Not decided yet.</source>
   <translation>Noch nicht entschieden.</translation>
  </message>
  <message>
   <source>Decided: keep.</source>
   <translation>Entschieden: behalten.</translation>
  </message>
  <message>
   <source>Decided: drop.</source>
   <translation>Entschieden: verwerfen.</translation>
  </message>
  <message>
   <source>Keep {name}</source>
   <translation>{name} bleibt</translation>
  </message>
  <message>
   <source>Not decided</source>
   <translation>Nicht entschieden</translation>
  </message>
  <message>
   <source>Next</source>
   <translation>Weiter</translation>
  </message>
  <message>
   <source>Take the last verdict back</source>
   <translation>Letztes Urteil zurücknehmen</translation>
  </message>
  <message>
   <source>Drop</source>
   <translation>Verwerfen</translation>
  </message>
  <message>
   <source>Leave the sample out of training</source>
   <translation>Die Stichprobe beim Training auslassen</translation>
  </message>
  <message>
   <source>Take {name}</source>
   <translation>{name} nehmen</translation>
  </message>
  <message>
   <source>No suggestion</source>
   <translation>Kein Vorschlag</translation>
  </message>
  <message>
   <source>This sample's series cannot be read.</source>
   <translation>Die Zeitreihe dieser Stichprobe lässt sich nicht lesen.</translation>
  </message>
  <message>
   <source>this sample</source>
   <translation>diese Stichprobe</translation>
  </message>
  <message>
   <source>Sample {id}</source>
   <translation>Stichprobe {id}</translation>
  </message>
  <message>
   <source>Decided: it is {name}.</source>
   <translation>Entschieden: Es ist {name}.</translation>
  </message>
  <message>
   <source>Line: this sample.</source>
   <translation>Linie: diese Stichprobe.</translation>
  </message>
  <message>
   <source>Mean F1 {n} points against the source's model as it is (95 % interval {low} to {high})</source>
   <translation>Mittleres F1 {n} Punkte gegenüber dem unveränderten Modell des Ausgangsgebiets (95-%-Intervall {low} bis {high})</translation>
  </message>
  <message>
   <source>Mean F1</source>
   <translation>Mittleres F1</translation>
  </message>
  <message>
   <source>Score</source>
   <translation>Wertung</translation>
  </message>
  <message>
   <source>Make maps with this model</source>
   <translation>Mit diesem Modell kartieren</translation>
  </message>
  <message>
   <source>Set to something else since the pixels were counted</source>
   <translation>Seit dem Zählen der Pixel anders eingestellt</translation>
  </message>
  <message>
   <source>In the maps</source>
   <translation>In den Karten</translation>
  </message>
  <message>
   <source>Left</source>
   <translation>Übrig</translation>
  </message>
  <message>
   <source>Together</source>
   <translation>Zusammen</translation>
  </message>
  <message>
   <source>Any pattern, or none</source>
   <translation>Mit und ohne Muster</translation>
  </message>
  <message>
   <source>{n} pixels</source>
   <translation>{n} Pixel</translation>
  </message>
  <message>
   <source>{n} hectares</source>
   <translation>{n} Hektar</translation>
  </message>
  <message>
   <source>Without this rule {n} would be left in the end</source>
   <translation>Ohne diese Regel blieben am Ende {n} übrig</translation>
  </message>
  <message>
   <source>A virtual environment in {folder}. It downloads several hundred megabytes and takes about 2 GB of disk.</source>
   <translation>Eine virtuelle Umgebung in {folder}. Sie lädt mehrere hundert Megabyte herunter und belegt etwa 2 GB.</translation>
  </message>
  <message>
   <source>CropMap: worker environment</source>
   <translation>CropMap: Arbeitsumgebung</translation>
  </message>
  <message>
   <source>Check again</source>
   <translation>Erneut prüfen</translation>
  </message>
  <message>
   <source>Remove it</source>
   <translation>Entfernen</translation>
  </message>
  <message>
   <source>the usual one</source>
   <translation>der übliche</translation>
  </message>
  <message>
   <source>Python interpreter</source>
   <translation>Python-Interpreter</translation>
  </message>
  <message>
   <source>Use it</source>
   <translation>Verwenden</translation>
  </message>
  <message>
   <source>Forget it</source>
   <translation>Vergessen</translation>
  </message>
  <message>
   <source>What the installation says appears here.</source>
   <translation>Hier erscheint, was die Installation meldet.</translation>
  </message>
  <message>
   <source>Let CropMap make one</source>
   <translation>Von CropMap anlegen lassen</translation>
  </message>
  <message>
   <source>Or use a Python that you have</source>
   <translation>Oder ein vorhandenes Python verwenden</translation>
  </message>
  <message>
   <source>Checking…</source>
   <translation>Wird geprüft…</translation>
  </message>
  <message>
   <source>GPU</source>
   <translation>Grafikkarte</translation>
  </message>
  <message>
   <source>Ready: jobs can run.</source>
   <translation>Bereit: Aufträge können laufen.</translation>
  </message>
  <message>
   <source>Bring it up to date</source>
   <translation>Auf den neuen Stand bringen</translation>
  </message>
  <message>
   <source>Make it again</source>
   <translation>Neu anlegen</translation>
  </message>
  <message>
   <source>CropMap computes in a Python environment of its own, outside QGIS: nothing is ever installed into QGIS's or the system's Python, and a crash cannot take QGIS with it.</source>
   <translation>CropMap rechnet in einer eigenen Python-Umgebung außerhalb von QGIS: In das Python von QGIS oder des Systems wird nie etwas installiert, und ein Absturz kann QGIS nicht mitreißen.</translation>
  </message>
  <message>
   <source>Package index for PyTorch alone, for example one of builds for your GPU:</source>
   <translation>Paketverzeichnis nur für PyTorch, etwa eines mit Fassungen für Ihre Grafikkarte:</translation>
  </message>
  <message>
   <source>Its interpreter, or the folder of a virtual or conda environment.</source>
   <translation>Der Interpreter, oder der Ordner einer virtuellen oder conda-Umgebung.</translation>
  </message>
  <message>
   <source>Make one below, or choose a Python.</source>
   <translation>Legen Sie unten eine an, oder wählen Sie ein Python.</translation>
  </message>
  <message>
   <source>chosen by you</source>
   <translation>von Ihnen gewählt</translation>
  </message>
  <message>
   <source>made by CropMap</source>
   <translation>von CropMap angelegt</translation>
  </message>
  <message>
   <source>Jobs cannot run in this environment.</source>
   <translation>In dieser Umgebung können keine Aufträge laufen.</translation>
  </message>
  <message>
   <source>Make the environment</source>
   <translation>Umgebung anlegen</translation>
  </message>
  <message>
   <source>No Python was found to make it with.</source>
   <translation>Es wurde kein Python gefunden, um sie anzulegen.</translation>
  </message>
  <message>
   <source>Choose a Python below.</source>
   <translation>Wählen Sie unten ein Python.</translation>
  </message>
  <message>
   <source>Delete the environment in {folder}?</source>
   <translation>Die Umgebung in {folder} löschen?</translation>
  </message>
  <message>
   <source>Step {n} of {total}: {title}…</source>
   <translation>Schritt {n} von {total}: {title}…</translation>
  </message>
  <message>
   <source>It cannot be deleted.</source>
   <translation>Sie lässt sich nicht löschen.</translation>
  </message>
  <message>
   <source>set by the variable {name}</source>
   <translation>von der Variablen {name} vorgegeben</translation>
  </message>
  <message>
   <source>There is no Python interpreter at {path}.</source>
   <translation>Unter {path} liegt kein Python-Interpreter.</translation>
  </message>
  <message>
   <source>Check the network connection and the free disk space, then try again.</source>
   <translation>Prüfen Sie Netzverbindung und freien Speicherplatz und versuchen Sie es noch einmal.</translation>
  </message>
  <message>
   <source>Making the environment</source>
   <translation>Umgebung wird angelegt</translation>
  </message>
  <message>
   <source>Updating the installer</source>
   <translation>Installationsprogramm wird erneuert</translation>
  </message>
  <message>
   <source>Downloading the packages</source>
   <translation>Pakete werden heruntergeladen</translation>
  </message>
  <message>
   <source>“{step}” failed with code {code}; the log below says why.</source>
   <translation>„{step}“ ist mit Code {code} gescheitert; das Protokoll unten sagt, warum.</translation>
  </message>
  <message>
   <source>On Debian and Ubuntu the system package python3-venv must be installed.</source>
   <translation>Unter Debian und Ubuntu muss das Systempaket python3-venv installiert sein.</translation>
  </message>
  <message>
   <source>Downloading PyTorch</source>
   <translation>PyTorch wird heruntergeladen</translation>
  </message>
  <message>
   <source>Cancelled. What was downloaded is kept for the next try.</source>
   <translation>Abgebrochen. Das Heruntergeladene bleibt für den nächsten Versuch.</translation>
  </message>
  <message>
   <source>The worker environment is made.</source>
   <translation>Die Arbeitsumgebung ist angelegt.</translation>
  </message>
  <message>
   <source>There is a file of that name already.</source>
   <translation>Eine Datei dieses Namens gibt es schon.</translation>
  </message>
  <message>
   <source>This is no whole model package: {why}.</source>
   <translation>Das ist kein ganzes Modellpaket: {why}.</translation>
  </message>
  <message>
   <source>Choose another file.</source>
   <translation>Wählen Sie eine andere Datei.</translation>
  </message>
  <message>
   <source>The file cannot be changed: {why}.</source>
   <translation>Die Datei lässt sich nicht ändern: {why}.</translation>
  </message>
  <message>
   <source>Close what uses it, or choose another folder.</source>
   <translation>Schließen Sie, was sie benutzt, oder wählen Sie einen anderen Ordner.</translation>
  </message>
  <message>
   <source>{name} cannot be the name of a file.</source>
   <translation>{name} kann nicht der Name einer Datei sein.</translation>
  </message>
  <message>
   <source>Use letters, digits, spaces, - and _.</source>
   <translation>Verwenden Sie Buchstaben, Ziffern, Leerzeichen, - und _.</translation>
  </message>
  <message>
   <source>Choose another name.</source>
   <translation>Wählen Sie einen anderen Namen.</translation>
  </message>
  <message>
   <source>CropMap: {kind}</source>
   <translation>CropMap: {kind}</translation>
  </message>
  <message>
   <source>Assess map</source>
   <translation>Karte prüfen</translation>
  </message>
  <message>
   <source>Compare a map with reference labels that its model has not seen: confusion matrix, accuracies, report.</source>
   <translation>Eine Karte mit Referenzdaten vergleichen, die ihr Modell nicht gesehen hat: Konfusionsmatrix, Genauigkeiten, Bericht.</translation>
  </message>
  <message>
   <source>Class map</source>
   <translation>Klassenkarte</translation>
  </message>
  <message>
   <source>Class map to be judged.</source>
   <translation>Klassenkarte, die geprüft werden soll.</translation>
  </message>
  <message>
   <source>Legend</source>
   <translation>Legende</translation>
  </message>
  <message>
   <source>What the map's codes mean: cdl for the Cropland Data Layer, or a legend file (JSON); the names in the map itself where empty.</source>
   <translation>Was die Codes der Karte bedeuten: cdl für den Cropland Data Layer oder eine Legendendatei (JSON); leer: die Namen in der Karte selbst.</translation>
  </message>
  <message>
   <source>X column</source>
   <translation>X-Spalte</translation>
  </message>
  <message>
   <source>Column of a CSV that holds x or longitude; found by itself where obvious.</source>
   <translation>Spalte einer CSV-Datei mit x oder der geographischen Länge; wird gefunden, wenn sie eindeutig ist.</translation>
  </message>
  <message>
   <source>Y column</source>
   <translation>Y-Spalte</translation>
  </message>
  <message>
   <source>Column of a CSV that holds y or latitude.</source>
   <translation>Spalte einer CSV-Datei mit y oder der geographischen Breite.</translation>
  </message>
  <message>
   <source>Reference</source>
   <translation>Referenz</translation>
  </message>
  <message>
   <source>Labelled points or polygons that the model has not seen, or a class raster on the map's grid.</source>
   <translation>Punkte oder Flächen mit bekannter Kultur, die das Modell nicht gesehen hat, oder ein Klassenraster im Pixelgitter der Karte.</translation>
  </message>
  <message>
   <source>Field that holds the class; found by itself where its name is obvious.</source>
   <translation>Feld mit der Klasse; wird gefunden, wenn sein Name eindeutig ist.</translation>
  </message>
  <message>
   <source>Layer</source>
   <translation>Layer</translation>
  </message>
  <message>
   <source>Layer of the reference file, where it holds several.</source>
   <translation>Layer der Referenzdatei, wenn sie mehrere enthält.</translation>
  </message>
  <message>
   <source>Reference's CRS</source>
   <translation>KBS der Referenz</translation>
  </message>
  <message>
   <source>Coordinate system where the file names none, e.g. EPSG:4326.</source>
   <translation>Koordinatensystem, wenn die Datei keines nennt, z. B. EPSG:4326.</translation>
  </message>
  <message>
   <source>Exclude</source>
   <translation>Auslassen</translation>
  </message>
  <message>
   <source>Sample file (samples.gpkg) of the training; its pixels are left out of the comparison.</source>
   <translation>Stichprobendatei (samples.gpkg) des Trainings; ihre Pixel bleiben beim Vergleich außer Acht.</translation>
  </message>
  <message>
   <source>Classify crops</source>
   <translation>Kulturen klassifizieren</translation>
  </message>
  <message>
   <source>Sample, train, judge by cross-validation, map and report: from images and labels to a crop map.</source>
   <translation>Zeitreihen entnehmen, trainieren, durch Kreuzvalidierung prüfen, kartieren und berichten: von Bildern und bekannten Kulturen zur Kulturartenkarte.</translation>
  </message>
  <message>
   <source>The season's images.</source>
   <translation>Die Bilder der Saison.</translation>
  </message>
  <message>
   <source>Labelled points or polygons (any vector format, or CSV with coordinates), or a table of labelled series (.npz).</source>
   <translation>Punkte oder Flächen mit bekannter Kultur (jedes Vektorformat oder CSV mit Koordinaten) oder eine Tabelle von Zeitreihen mit bekannter Kultur (.npz).</translation>
  </message>
  <message>
   <source>Layer of the samples file, where it holds several.</source>
   <translation>Layer der Datei mit den Stichproben, wenn sie mehrere enthält.</translation>
  </message>
  <message>
   <source>Id field</source>
   <translation>Feld der Kennung</translation>
  </message>
  <message>
   <source>Field that identifies each sample; numbered where empty.</source>
   <translation>Feld, das jede Stichprobe kennzeichnet; leer wird durchnummeriert.</translation>
  </message>
  <message>
   <source>Group field</source>
   <translation>Feld der Gruppe</translation>
  </message>
  <message>
   <source>Field of the farm or parcel that several samples share, which no fold splits; found by itself where its name is obvious, none leaves each sample alone.</source>
   <translation>Feld mit dem Betrieb oder Schlag, den mehrere Stichproben gemeinsam haben; die Kreuzvalidierung trennt sie nie. Wird gefunden, wenn sein Name eindeutig ist; none lässt jede Stichprobe für sich.</translation>
  </message>
  <message>
   <source>Samples' CRS</source>
   <translation>KBS der Stichproben</translation>
  </message>
  <message>
   <source>Coordinate system where the samples file names none, e.g. EPSG:4326.</source>
   <translation>Koordinatensystem, wenn die Datei mit den Stichproben keines nennt, z. B. EPSG:4326.</translation>
  </message>
  <message>
   <source>Class scheme</source>
   <translation>Klassenschema</translation>
  </message>
  <message>
   <source>Which labels become which classes: a preset (corn_soybean_other, cdl_major, vojvodina_7, brittany_9), or entries such as: Corn = maize, 1; Other = rye; left out = mixed; rest = Other. Empty: each label is a class.</source>
   <translation>Welche Bezeichnungen zu welchen Klassen werden: ein fertiges Schema (corn_soybean_other, cdl_major, vojvodina_7, brittany_9) oder Einträge wie: Mais = maize, 1; Andere = rye; left out = mixed; rest = Andere. Leer: Jede Bezeichnung ist eine Klasse.</translation>
  </message>
  <message>
   <source>A sample is</source>
   <translation>Stichprobe je</translation>
  </message>
  <message>
   <source>pixels: each pixel inside a polygon is a sample. parcels: each polygon is one, the mean series of its pixels; points stand for their pixel.</source>
   <translation>„Pixel“: Jedes Pixel in einer Fläche ist eine Stichprobe. „Schlag“: Jede Fläche ist eine, mit der mittleren Zeitreihe ihrer Pixel; Punkte stehen für ihr Pixel.</translation>
  </message>
  <message>
   <source>pixels</source>
   <translation>Pixel</translation>
  </message>
  <message>
   <source>parcels</source>
   <translation>Schlag</translation>
  </message>
  <message>
   <source>Inner buffer</source>
   <translation>Innerer Abstand</translation>
  </message>
  <message>
   <source>Leave out pixels this near to a polygon's edge.</source>
   <translation>Pixel so nah am Rand einer Fläche auslassen.</translation>
  </message>
  <message>
   <source>m</source>
   <translation>m</translation>
  </message>
  <message>
   <source>Pixels per polygon</source>
   <translation>Pixel je Fläche</translation>
  </message>
  <message>
   <source>At most this many pixels of each polygon; 0 takes all.</source>
   <translation>Höchstens so viele Pixel jeder Fläche; 0 nimmt alle.</translation>
  </message>
  <message>
   <source>Samples drawn</source>
   <translation>Stichproben, höchstens</translation>
  </message>
  <message>
   <source>At most this many of the labelled pixels, drawn at random; 0 takes all. Parcels are always all taken.</source>
   <translation>Höchstens so viele der Pixel mit bekannter Kultur, zufällig gezogen; 0 nimmt alle. Schläge werden immer alle genommen.</translation>
  </message>
  <message>
   <source>Allocation</source>
   <translation>Aufteilung</translation>
  </message>
  <message>
   <source>How the samples drawn are shared out to the classes: the same for each; by how many there are; or as chance has it.</source>
   <translation>Wie die gezogenen Stichproben auf die Klassen aufgeteilt werden: gleich viele je Klasse; anteilig nach ihrer Zahl; oder wie es der Zufall will.</translation>
  </message>
  <message>
   <source>equal</source>
   <translation>gleich viele</translation>
  </message>
  <message>
   <source>proportional</source>
   <translation>anteilig</translation>
  </message>
  <message>
   <source>random</source>
   <translation>zufällig</translation>
  </message>
  <message>
   <source>Smallest distance</source>
   <translation>Mindestabstand</translation>
  </message>
  <message>
   <source>No two labelled pixels that are taken lie nearer to each other; 0 allows neighbours.</source>
   <translation>Keine zwei genommenen Pixel liegen näher beieinander; 0 erlaubt Nachbarn.</translation>
  </message>
  <message>
   <source>Clear share of a parcel</source>
   <translation>Klarer Anteil</translation>
  </message>
  <message>
   <source>A date is clear for a parcel where at least this share of its pixels is.</source>
   <translation>Ein Termin ist für einen Schlag klar, wenn mindestens dieser Anteil seiner Pixel klar ist.</translation>
  </message>
  <message>
   <source>Field outlines</source>
   <translation>Schlaggrenzen</translation>
  </message>
  <message>
   <source>Polygons of fields: samples that stand in the same one form a group, which no fold splits.</source>
   <translation>Flächen von Schlägen: Stichproben in demselben Schlag bilden eine Gruppe, die die Kreuzvalidierung nie trennt.</translation>
  </message>
  <message>
   <source>Site</source>
   <translation>Gebiet</translation>
  </message>
  <message>
   <source>Name of the study area, by which joined sample sets are told apart; where empty, that of the run folder when they are joined.</source>
   <translation>Name des Gebiets, an dem zusammengeführte Stichproben unterschieden werden; leer gilt beim Zusammenführen der Name des Ordners des Laufs.</translation>
  </message>
  <message>
   <source>Device</source>
   <translation>Gerät</translation>
  </message>
  <message>
   <source>What computes neural models; auto takes a GPU where there is one.</source>
   <translation>Was neuronale Modelle rechnet; automatisch nimmt eine Grafikkarte, wenn es eine gibt.</translation>
  </message>
  <message>
   <source>auto</source>
   <translation>automatisch</translation>
  </message>
  <message>
   <source>cpu</source>
   <translation>Prozessor</translation>
  </message>
  <message>
   <source>cuda</source>
   <translation>Grafikkarte</translation>
  </message>
  <message>
   <source>The classifier of pixel series.</source>
   <translation>Was die Zeitreihen der Pixel klassifiziert.</translation>
  </message>
  <message>
   <source>Split</source>
   <translation>Teilung</translation>
  </message>
  <message>
   <source>What folds keep whole: square blocks of land; groups, wherever they lie; with leave_site or leave_year each site or year in turn. stratified and random draw single samples and make the accuracy look too good. file takes the folds of the sample file.</source>
   <translation>Was die Teile ganz lassen: quadratische Blöcke Land; Gruppen, wo immer sie liegen; mit leave_site oder leave_year reihum jedes Gebiet oder Jahr. stratified und random ziehen einzelne Stichproben und lassen die Genauigkeit zu gut aussehen. file nimmt die Teilung der Stichprobendatei.</translation>
  </message>
  <message>
   <source>blocks</source>
   <translation>Blöcke</translation>
  </message>
  <message>
   <source>groups</source>
   <translation>Gruppen</translation>
  </message>
  <message>
   <source>leave site</source>
   <translation>je ein Gebiet</translation>
  </message>
  <message>
   <source>leave year</source>
   <translation>je ein Jahr</translation>
  </message>
  <message>
   <source>stratified</source>
   <translation>geschichtet</translation>
  </message>
  <message>
   <source>file</source>
   <translation>wie in der Datei</translation>
  </message>
  <message>
   <source>Folds</source>
   <translation>Teile</translation>
  </message>
  <message>
   <source>Folds of the cross-validation; a site or year each where these are left out.</source>
   <translation>Teile der Kreuzvalidierung; wo Gebiete oder Jahre zurückgehalten werden, ist jedes ein Teil.</translation>
  </message>
  <message>
   <source>Block size</source>
   <translation>Blockgröße</translation>
  </message>
  <message>
   <source>Edge of the square blocks that stay together in one fold; made smaller by itself on small sites, down to 100 m. 0 takes the distance up to which the samples resemble each other.</source>
   <translation>Kantenlänge der quadratischen Blöcke, die in einem Teil zusammenbleiben; in kleinen Gebieten wird sie von selbst verkleinert, bis auf 100 m. 0 nimmt die Entfernung, bis zu der die Stichproben einander ähneln.</translation>
  </message>
  <message>
   <source>km</source>
   <translation>km</translation>
  </message>
  <message>
   <source>Gap</source>
   <translation>Abstand zum Test</translation>
  </message>
  <message>
   <source>Samples nearer than this to a test sample do not train the model that it tests; 0 keeps no gap.</source>
   <translation>Stichproben, die einer Teststichprobe näher liegen, trainieren das Modell nicht, das an ihr geprüft wird; 0 hält keinen Abstand.</translation>
  </message>
  <message>
   <source>Seed</source>
   <translation>Startzahl</translation>
  </message>
  <message>
   <source>The same seed gives the same result.</source>
   <translation>Dieselbe Startzahl ergibt dasselbe Ergebnis.</translation>
  </message>
  <message>
   <source>How cloudy, irregular series become regular ones.</source>
   <translation>Wie aus wolkigen, unregelmäßigen Reihen regelmäßige werden.</translation>
  </message>
  <message>
   <source>Validation share</source>
   <translation>Überwachung</translation>
  </message>
  <message>
   <source>Share of the training blocks that decides when training stops.</source>
   <translation>Anteil der Trainingsblöcke, an dem sich entscheidet, wann das Training endet.</translation>
  </message>
  <message>
   <source>Calibrate</source>
   <translation>Kalibrieren</translation>
  </message>
  <message>
   <source>Temper the model's probabilities by what the cross-validation tells, so that of what it maps with 80 % confidence about 80 % is right. The classes stay the same.</source>
   <translation>Die Wahrscheinlichkeiten des Modells nach dem Ergebnis der Kreuzvalidierung anpassen, sodass von dem, was es mit 80 % Sicherheit kartiert, etwa 80 % richtig sind. Die Klassen bleiben gleich.</translation>
  </message>
  <message>
   <source>Band and date importance</source>
   <translation>Gewicht der Bänder und Tage</translation>
  </message>
  <message>
   <source>Also measure what each band, each date, and each band on each date is worth: how much accuracy is lost when its values are exchanged among the test samples. It takes as many predictions as there are of them, three times over.</source>
   <translation>Auch messen, was jeder Kanal, jeder Termin und jeder Kanal an jedem Termin wert ist: wie viel Genauigkeit verloren geht, wenn seine Werte unter den Teststichproben vertauscht werden. Das braucht für jedes davon drei Vorhersagen.</translation>
  </message>
  <message>
   <source>Area of applicability</source>
   <translation>Gültigkeitsbereich</translation>
  </message>
  <message>
   <source>Keep training series with the model, so that its maps show where pixels are unlike all of them: there the map may be wrong however sure the model is.</source>
   <translation>Zeitreihen des Trainings beim Modell behalten, sodass seine Karten zeigen, wo Pixel allen davon unähnlich sind: Dort kann die Karte falsch sein, wie sicher das Modell auch ist.</translation>
  </message>
  <message>
   <source>Confidence</source>
   <translation>Sicherheit mitschreiben</translation>
  </message>
  <message>
   <source>Also write the probability of the mapped class, in percent.</source>
   <translation>Auch die Wahrscheinlichkeit der kartierten Klasse schreiben, in Prozent.</translation>
  </message>
  <message>
   <source>Also write how far each pixel is from what the model learnt from, where the model tells.</source>
   <translation>Auch schreiben, wie weit jedes Pixel von dem entfernt ist, woraus das Modell gelernt hat, wo das Modell es sagt.</translation>
  </message>
  <message>
   <source>Threads</source>
   <translation>Rechenfäden</translation>
  </message>
  <message>
   <source>Blocks computed at a time; 0 takes all cores.</source>
   <translation>Blöcke, die gleichzeitig gerechnet werden; 0 nimmt alle Kerne.</translation>
  </message>
  <message>
   <source>Edge of the blocks; 0 follows the images' own tiles.</source>
   <translation>Kantenlänge der Blöcke; 0 richtet sich nach den Kacheln der Bilder.</translation>
  </message>
  <message>
   <source>Compare recipes</source>
   <translation>Rezepte vergleichen</translation>
  </message>
  <message>
   <source>Hide some clear observations, prepare the rest with each recipe, and report how far its values are from them.</source>
   <translation>Einige wolkenfreie Beobachtungen verdecken, den Rest mit jedem Rezept vorbereiten und berichten, wie weit dessen Werte von ihnen abweichen.</translation>
  </message>
  <message>
   <source>Recipes</source>
   <translation>Rezepte</translation>
  </message>
  <message>
   <source>The recipes to compare, each with its own settings; the same one may stand here several times.</source>
   <translation>Die Rezepte, die verglichen werden, jedes mit eigenen Einstellungen; dasselbe darf mehrmals hier stehen.</translation>
  </message>
  <message>
   <source>Share hidden</source>
   <translation>Verdeckter Anteil</translation>
  </message>
  <message>
   <source>Part of each pixel's clear observations that is hidden.</source>
   <translation>Anteil der wolkenfreien Beobachtungen jedes Pixels, der verdeckt wird.</translation>
  </message>
  <message>
   <source>How many pixels are looked at, spread over the site.</source>
   <translation>Wie viele Pixel betrachtet werden, über das Gebiet verteilt.</translation>
  </message>
  <message>
   <source>Plots</source>
   <translation>Diagramme</translation>
  </message>
  <message>
   <source>How many of the pixels the report draws.</source>
   <translation>Wie viele dieser Pixel der Bericht zeichnet.</translation>
  </message>
  <message>
   <source>Compare models</source>
   <translation>Modelle vergleichen</translation>
  </message>
  <message>
   <source>Cross-validate several models on the same folds of one sample set, and report which is best and by how much.</source>
   <translation>Mehrere Modelle an denselben Teilen einer Stichprobendatei kreuzvalidieren und berichten, welches am besten ist und um wie viel.</translation>
  </message>
  <message>
   <source>Sample set</source>
   <translation>Stichprobendatei</translation>
  </message>
  <message>
   <source>Sample file (samples.gpkg) that the sample job wrote; rows and classes may have been edited.</source>
   <translation>Stichprobendatei (samples.gpkg), die beim Entnehmen der Stichproben entstand; Zeilen und Klassen dürfen bearbeitet sein.</translation>
  </message>
  <message>
   <source>Models</source>
   <translation>Modelle</translation>
  </message>
  <message>
   <source>The models to compare, each with its own settings; the same one may stand here several times.</source>
   <translation>Die Modelle, die verglichen werden, jedes mit eigenen Einstellungen; dasselbe darf mehrmals hier stehen.</translation>
  </message>
  <message>
   <source>Runs of each model</source>
   <translation>Läufe je Modell</translation>
  </message>
  <message>
   <source>How often each model is cross-validated, each time with another seed on the same folds: what differs between runs is chance.</source>
   <translation>Wie oft jedes Modell kreuzvalidiert wird, jedes Mal mit einer anderen Startzahl an denselben Teilen: Was sich zwischen den Läufen unterscheidet, ist Zufall.</translation>
  </message>
  <message>
   <source>Learning curve</source>
   <translation>Lernkurve</translation>
  </message>
  <message>
   <source>Numbers of labels of each class: each model is also fitted on so many, drawn from all folds but the first, and tested on the first. Empty: no learning curve.</source>
   <translation>Anzahlen der Stichproben je Klasse: Jedes Modell wird auch mit so vielen trainiert, gezogen aus allen Teilen außer dem ersten, und am ersten geprüft. Leer: keine Lernkurve.</translation>
  </message>
  <message>
   <source>Demo</source>
   <translation>Vorführung</translation>
  </message>
  <message>
   <source>Make a synthetic site with clouds, crops and surveyed points, map it, and compare the map with the truth.</source>
   <translation>Ein künstliches Gebiet mit Wolken, Kulturen und erhobenen Punkten erzeugen, kartieren und die Karte mit der Wahrheit vergleichen.</translation>
  </message>
  <message>
   <source>Which synthetic landscape.</source>
   <translation>Welche künstliche Landschaft.</translation>
  </message>
  <message>
   <source>corn belt</source>
   <translation>Corn Belt</translation>
  </message>
  <message>
   <source>vojvodina</source>
   <translation>Vojvodina</translation>
  </message>
  <message>
   <source>Edge of the site.</source>
   <translation>Kantenlänge des Gebiets.</translation>
  </message>
  <message>
   <source>Points</source>
   <translation>Punkte</translation>
  </message>
  <message>
   <source>Surveyed points to learn from.</source>
   <translation>Erhobene Punkte, aus denen gelernt wird.</translation>
  </message>
  <message>
   <source>Design a validation sample</source>
   <translation>Prüfstichprobe entwerfen</translation>
  </message>
  <message>
   <source>Say how many points of each mapped class tell its accuracy well enough, and draw them for interpretation.</source>
   <translation>Sagen, wie viele Punkte jeder kartierten Klasse ihre Genauigkeit gut genug bestimmen, und sie zur Interpretation ziehen.</translation>
  </message>
  <message>
   <source>Standard error</source>
   <translation>Standardfehler</translation>
  </message>
  <message>
   <source>Wanted standard error of the overall accuracy, e.g. 0.01.</source>
   <translation>Gewünschter Standardfehler der Gesamtgenauigkeit, z. B. 0,01.</translation>
  </message>
  <message>
   <source>Expected accuracy</source>
   <translation>Erwartete Genauigkeit</translation>
  </message>
  <message>
   <source>User's accuracy expected of a class, 0 to 1: the share of its mapped pixels that are right; the next value where not named.</source>
   <translation>Erwartete Nutzergenauigkeit einer Klasse, 0 bis 1: der Anteil ihrer kartierten Pixel, die richtig sind; für nicht genannte Klassen gilt der nächste Wert.</translation>
  </message>
  <message>
   <source>Other classes</source>
   <translation>Andere Klassen</translation>
  </message>
  <message>
   <source>The same for classes that are not listed.</source>
   <translation>Dasselbe für Klassen, die nicht genannt sind.</translation>
  </message>
  <message>
   <source>How points are shared out: by area, with a minimum for rare classes (olofsson); by area; alike; or to the smallest error of the overall accuracy (neyman).</source>
   <translation>Wie die Punkte aufgeteilt werden: nach Fläche, mit einem Minimum für seltene Klassen (Olofsson); nach Fläche (anteilig); gleich viele je Klasse; oder für den kleinsten Fehler der Gesamtgenauigkeit (Neyman).</translation>
  </message>
  <message>
   <source>olofsson</source>
   <translation>Olofsson</translation>
  </message>
  <message>
   <source>neyman</source>
   <translation>Neyman</translation>
  </message>
  <message>
   <source>Minimum per class</source>
   <translation>Mindestens je Klasse</translation>
  </message>
  <message>
   <source>Each class gets at least so many with olofsson; 50 to 100 are usual.</source>
   <translation>Bei „Olofsson“ bekommt jede Klasse mindestens so viele; üblich sind 50 bis 100.</translation>
  </message>
  <message>
   <source>Class margin</source>
   <translation>Spanne je Klasse</translation>
  </message>
  <message>
   <source>Half width of the 95 % interval of each user's accuracy; a class gets more points where it needs them for that. 0 asks for none.</source>
   <translation>Halbe Breite des 95-%-Intervalls der Nutzergenauigkeit jeder Klasse; eine Klasse bekommt mehr Punkte, wo sie diese dafür braucht. 0 verlangt keine.</translation>
  </message>
  <message>
   <source>How many points are drawn in all; as many as the standard error takes where 0.</source>
   <translation>Wie viele Punkte insgesamt gezogen werden; bei 0 so viele, wie der Standardfehler verlangt.</translation>
  </message>
  <message>
   <source>Further classes</source>
   <translation>Weitere Klassen</translation>
  </message>
  <message>
   <source>Classes that the form offers besides the known ones, e.g. fallow.</source>
   <translation>Klassen, die das Formular neben den bekannten anbietet, z. B. Brache.</translation>
  </message>
  <message>
   <source>Blind</source>
   <translation>Blind</translation>
  </message>
  <message>
   <source>Keep the mapped class from who interprets the points; it stands in strata.csv alone.</source>
   <translation>Die kartierte Klasse vor denen verbergen, die die Punkte interpretieren; sie steht nur in strata.csv.</translation>
  </message>
  <message>
   <source>How early in the season</source>
   <translation>Wie früh in der Saison</translation>
  </message>
  <message>
   <source>Tell from which date on each crop is told apart well enough, by models that see nothing after it.</source>
   <translation>Sagen, ab welchem Termin jede Kultur gut genug zu erkennen ist, mit Modellen, die nichts danach sehen.</translation>
  </message>
  <message>
   <source>First cut-off</source>
   <translation>Erster Stichtag</translation>
  </message>
  <message>
   <source>Last day that the first model sees; empty: a third of the season.</source>
   <translation>Letzter Tag, den das erste Modell sieht; leer: nach einem Drittel der Saison.</translation>
  </message>
  <message>
   <source>Every</source>
   <translation>Abstand der Stichtage</translation>
  </message>
  <message>
   <source>Days from one cut-off to the next; the season's last day is the last one.</source>
   <translation>Tage von einem Stichtag zum nächsten; der letzte Stichtag ist der letzte Tag der Saison.</translation>
  </message>
  <message>
   <source>days</source>
   <translation>Tage</translation>
  </message>
  <message>
   <source>Threshold</source>
   <translation>Schwelle</translation>
  </message>
  <message>
   <source>F1 from which on a class counts as told; the first date that it stays there is looked for.</source>
   <translation>F1, ab dem eine Klasse als erkannt gilt; gesucht wird der erste Termin, von dem an sie es bleibt.</translation>
  </message>
  <message>
   <source>Join models to an ensemble</source>
   <translation>Modelle zu einem Ensemble verbinden</translation>
  </message>
  <message>
   <source>Join models of several sites, years or kinds to one model, which answers the mean of their probabilities.</source>
   <translation>Modelle mehrerer Gebiete, Jahre oder Arten zu einem Modell verbinden, das mit dem Mittelwert ihrer Wahrscheinlichkeiten antwortet.</translation>
  </message>
  <message>
   <source>Two or more model packages (.cropmap) whose samples were prepared by one recipe. Codes and colours are those of the first one's classes.</source>
   <translation>Zwei oder mehr Modellpakete (.cropmap), deren Stichproben nach demselben Rezept vorbereitet wurden. Codes und Farben sind die der Klassen des ersten.</translation>
  </message>
  <message>
   <source>Import labelled series</source>
   <translation>Zeitreihen mit bekannter Kultur einlesen</translation>
  </message>
  <message>
   <source>Turn a published data set of labelled series into one table (.npz) that other jobs take as samples.</source>
   <translation>Aus einem veröffentlichten Datensatz von Zeitreihen mit bekannter Kultur eine Tabelle (.npz) machen, die andere Aufträge als Stichproben nehmen.</translation>
  </message>
  <message>
   <source>Table</source>
   <translation>Tabelle</translation>
  </message>
  <message>
   <source>The published labelled series.</source>
   <translation>Die veröffentlichten Zeitreihen mit bekannter Kultur.</translation>
  </message>
  <message>
   <source>Inspect images</source>
   <translation>Bilder ansehen</translation>
  </message>
  <message>
   <source>List the dates, bands, grid, scale and no-data value recognised in the images, before anything runs.</source>
   <translation>Termine, Kanäle, Pixelgitter, Skalierung und Kein-Wert-Zahl auflisten, die in den Bildern erkannt wurden, bevor etwas gerechnet wird.</translation>
  </message>
  <message>
   <source>Map crops</source>
   <translation>Kulturen kartieren</translation>
  </message>
  <message>
   <source>Map every pixel of a season of images with a fitted model; an interrupted map is resumed.</source>
   <translation>Jedes Pixel der Bilder einer Saison mit einem trainierten Modell kartieren; eine unterbrochene Karte wird fortgesetzt.</translation>
  </message>
  <message>
   <source>Model package (.cropmap) that the train job wrote.</source>
   <translation>Modellpaket (.cropmap), das beim Training geschrieben wurde.</translation>
  </message>
  <message>
   <source>Season start</source>
   <translation>Beginn der Saison</translation>
  </message>
  <message>
   <source>First day of the season to map; the year that holds most of the images where empty.</source>
   <translation>Erster Tag der Saison, die kartiert wird; leer gilt das Jahr mit den meisten Bildern.</translation>
  </message>
  <message>
   <source>Join sample sets</source>
   <translation>Stichproben zusammenführen</translation>
  </message>
  <message>
   <source>Join the sample sets of several sites or years to one, with which to test on sites or years left out.</source>
   <translation>Die Stichproben mehrerer Gebiete oder Jahre zu einer Datei zusammenführen, mit der an zurückgehaltenen Gebieten oder Jahren geprüft werden kann.</translation>
  </message>
  <message>
   <source>Folder</source>
   <translation>Ordner</translation>
  </message>
  <message>
   <source>Folder of the sample sets: sample files (.gpkg), and folders that hold a samples.gpkg, such as the runs of the sample job.</source>
   <translation>Ordner mit den Stichproben: Stichprobendateien (.gpkg) und Ordner, die eine samples.gpkg enthalten, etwa Läufe von „Zeitreihen entnehmen“.</translation>
  </message>
  <message>
   <source>Prepare series</source>
   <translation>Zeitreihen vorbereiten</translation>
  </message>
  <message>
   <source>Turn cloudy, irregular images into one raster with regular steps and no gaps, which stands in for them later.</source>
   <translation>Aus wolkigen, unregelmäßigen Bildern ein Raster mit regelmäßigen Schritten und ohne Lücken machen, das später an ihre Stelle tritt.</translation>
  </message>
  <message>
   <source>Rank the samples whose labels are doubtful, for a person to review; none is removed or changed.</source>
   <translation>Stichproben mit zweifelhafter Angabe nach der Stärke des Verdachts ordnen, damit ein Mensch sie durchsieht; keine wird entfernt oder geändert.</translation>
  </message>
  <message>
   <source>Label errors</source>
   <translation>Falsche Angaben</translation>
  </message>
  <message>
   <source>Labels that models which had not seen them contradict (confident learning).</source>
   <translation>Angaben, denen Modelle widersprechen, die sie nicht gesehen haben (confident learning).</translation>
  </message>
  <message>
   <source>Selection</source>
   <translation>Auswahl</translation>
  </message>
  <message>
   <source>Which of them are suspects: noise_rate names as many as are estimated for each two classes, both only those that are also least sure of their own label.</source>
   <translation>Welche davon Verdachtsfälle sind: „Schätzung“ nennt so viele, wie für je zwei Klassen geschätzt werden, „beides“ nur die davon, die auch ihrer eigenen Angabe am wenigsten sicher sind.</translation>
  </message>
  <message>
   <source>noise rate</source>
   <translation>Schätzung</translation>
  </message>
  <message>
   <source>both</source>
   <translation>beides</translation>
  </message>
  <message>
   <source>Outliers</source>
   <translation>Ausreißer</translation>
  </message>
  <message>
   <source>Series that are unlike the others of their class.</source>
   <translation>Zeitreihen, die den anderen ihrer Klasse unähnlich sind.</translation>
  </message>
  <message>
   <source>Outlier level</source>
   <translation>Anteil Fehlalarme</translation>
  </message>
  <message>
   <source>Share of false alarms accepted among the outliers of a class.</source>
   <translation>Anteil an Fehlalarmen, der unter den Ausreißern einer Klasse hingenommen wird.</translation>
  </message>
  <message>
   <source>Duplicates</source>
   <translation>Duplikate</translation>
  </message>
  <message>
   <source>Samples with the same series, or at the same place in one season.</source>
   <translation>Stichproben mit derselben Zeitreihe, oder am selben Ort in einer Saison.</translation>
  </message>
  <message>
   <source>Most suspects</source>
   <translation>Fälle, höchstens</translation>
  </message>
  <message>
   <source>At most this many suspects; 0 keeps all.</source>
   <translation>Höchstens so viele Verdachtsfälle; 0 behält alle.</translation>
  </message>
  <message>
   <source>How many of the suspects the report draws.</source>
   <translation>Wie viele der Verdachtsfälle der Bericht zeichnet.</translation>
  </message>
  <message>
   <source>Sample series</source>
   <translation>Zeitreihen entnehmen</translation>
  </message>
  <message>
   <source>Extract the prepared series of labelled points or polygons, and split them for testing.</source>
   <translation>Die vorbereiteten Zeitreihen von Punkten oder Flächen mit bekannter Kultur entnehmen und sie zum Prüfen in Teile teilen.</translation>
  </message>
  <message>
   <source>Measure how different a target site looks from the source, without a label of the target.</source>
   <translation>Messen, wie sehr sich ein Zielgebiet vom Ausgangsgebiet unterscheidet, ohne eine bekannte Kultur des Zielgebiets.</translation>
  </message>
  <message>
   <source>Source's model</source>
   <translation>Modell des Ausgangsgebiets</translation>
  </message>
  <message>
   <source>Model package (.cropmap) of the source site; none where empty.</source>
   <translation>Modellpaket (.cropmap) des Ausgangsgebiets; leer: keines.</translation>
  </message>
  <message>
   <source>Source's samples</source>
   <translation>Stichproben des Ausgangsgebiets</translation>
  </message>
  <message>
   <source>Sample file (samples.gpkg) of the source site.</source>
   <translation>Stichprobendatei (samples.gpkg) des Ausgangsgebiets.</translation>
  </message>
  <message>
   <source>Target's images</source>
   <translation>Bilder des Zielgebiets</translation>
  </message>
  <message>
   <source>The target's season of images, or a cube that was prepared of them by the source's recipe; none where empty.</source>
   <translation>Die Bilder einer Saison des Zielgebiets oder ein Bildwürfel, der daraus nach dem Rezept des Ausgangsgebiets vorbereitet wurde; leer: keine.</translation>
  </message>
  <message>
   <source>Target samples</source>
   <translation>Stichproben des Zielgebiets</translation>
  </message>
  <message>
   <source>Sample file (samples.gpkg) whose series stand for the target instead of its images; their labels are not read.</source>
   <translation>Stichprobendatei (samples.gpkg), deren Zeitreihen statt seiner Bilder für das Zielgebiet stehen; ihre Kulturen werden nicht gelesen.</translation>
  </message>
  <message>
   <source>How many pixels are drawn at random from the target's images, whatever grows there.</source>
   <translation>Wie viele Pixel zufällig aus den Bildern des Zielgebiets gezogen werden, was auch immer dort wächst.</translation>
  </message>
  <message>
   <source>Target's season start</source>
   <translation>Beginn der Saison im Zielgebiet</translation>
  </message>
  <message>
   <source>First day of the target's season; the year that holds most of the images where empty.</source>
   <translation>Erster Tag der Saison im Zielgebiet; leer: das Jahr, aus dem die meisten Bilder sind.</translation>
  </message>
  <message>
   <source>Time for a strategy</source>
   <translation>Zeit für ein Verfahren</translation>
  </message>
  <message>
   <source>Strategies that took longer on measured pairs of sites, on one core, are not advised; 0: any time will do. Strategies that you choose run however long they take.</source>
   <translation>Verfahren, die auf gemessenen Paaren von Gebieten länger brauchten (auf einem Kern), werden nicht empfohlen; 0: jede Zeit ist recht. Verfahren, die Sie selbst wählen, laufen, solange sie brauchen.</translation>
  </message>
  <message>
   <source>minutes</source>
   <translation>Minuten</translation>
  </message>
  <message>
   <source>Suggest where to sample next</source>
   <translation>Nächste Stichproben vorschlagen</translation>
  </message>
  <message>
   <source>Choose points that would teach a model most, and write them as a layer to fill in on the spot.</source>
   <translation>Punkte wählen, aus denen ein Modell am meisten lernen würde, und als Layer schreiben, der vor Ort ausgefüllt wird.</translation>
  </message>
  <message>
   <source>Sample file (samples.gpkg) of the samples there are, so that new points differ from them; none where empty.</source>
   <translation>Datei (samples.gpkg) der vorhandenen Stichproben, damit neue Punkte sich von ihnen unterscheiden; leer: keine.</translation>
  </message>
  <message>
   <source>How many points to visit.</source>
   <translation>Wie viele Punkte besucht werden sollen.</translation>
  </message>
  <message>
   <source>Candidates</source>
   <translation>Kandidaten</translation>
  </message>
  <message>
   <source>Random pixels to choose among.</source>
   <translation>Zufällige Pixel, unter denen gewählt wird.</translation>
  </message>
  <message>
   <source>Uncertainty</source>
   <translation>Unsicherheit</translation>
  </message>
  <message>
   <source>How the model's doubt is measured.</source>
   <translation>Wie der Zweifel des Modells gemessen wird.</translation>
  </message>
  <message>
   <source>entropy</source>
   <translation>Entropie</translation>
  </message>
  <message>
   <source>margin</source>
   <translation>knapper Vorsprung</translation>
  </message>
  <message>
   <source>least confidence</source>
   <translation>geringe Sicherheit</translation>
  </message>
  <message>
   <source>Weight uncertainty</source>
   <translation>Gewicht: Unsicherheit</translation>
  </message>
  <message>
   <source>Exponent of the doubt in a point's score; 0 leaves it out.</source>
   <translation>Exponent des Zweifels in der Bewertung eines Punktes; 0 lässt ihn aus.</translation>
  </message>
  <message>
   <source>Weight diversity</source>
   <translation>Gewicht: Vielfalt</translation>
  </message>
  <message>
   <source>Exponent of the distance to the most similar sample in a point's score; 0 leaves it out.</source>
   <translation>Exponent des Abstands zur ähnlichsten Stichprobe in der Bewertung eines Punktes; 0 lässt ihn aus.</translation>
  </message>
  <message>
   <source>Weight evenness</source>
   <translation>Gewicht: Einheitlichkeit</translation>
  </message>
  <message>
   <source>Exponent of the share of the eight neighbours that are predicted as the same class; 0 leaves it out.</source>
   <translation>Exponent des Anteils der acht Nachbarn, für die dieselbe Klasse vorhergesagt wird; 0 lässt ihn aus.</translation>
  </message>
  <message>
   <source>No two points, and no point and existing sample, are nearer to each other.</source>
   <translation>Keine zwei Punkte und kein Punkt und eine vorhandene Stichprobe liegen näher beieinander.</translation>
  </message>
  <message>
   <source>Roads</source>
   <translation>Straßen</translation>
  </message>
  <message>
   <source>Roads, or whatever points should lie near to; none where empty.</source>
   <translation>Straßen oder was sonst in der Nähe der Punkte liegen soll; leer für keine.</translation>
  </message>
  <message>
   <source>Access distance</source>
   <translation>Wegentfernung</translation>
  </message>
  <message>
   <source>At this distance from a road a point counts 0.37 of one beside it; 0 lets all count alike.</source>
   <translation>In diesem Abstand von einer Straße zählt ein Punkt 0,37-mal so viel wie einer direkt daneben; bei 0 zählen alle gleich.</translation>
  </message>
  <message>
   <source>Farthest from a road</source>
   <translation>Größter Straßenabstand</translation>
  </message>
  <message>
   <source>Points farther away are refused; 0 for no bound.</source>
   <translation>Weiter entfernte Punkte werden zurückgewiesen; 0 setzt keine Grenze.</translation>
  </message>
  <message>
   <source>Area</source>
   <translation>Bereich</translation>
  </message>
  <message>
   <source>Polygons in which points must lie; the whole images where empty.</source>
   <translation>Flächen, in denen die Punkte liegen müssen; leer gelten die ganzen Bilder.</translation>
  </message>
  <message>
   <source>Train model</source>
   <translation>Modell trainieren</translation>
  </message>
  <message>
   <source>Fit a model on labelled series, measure it by cross-validation, and write it as one package file.</source>
   <translation>Ein Modell an Zeitreihen mit bekannter Kultur trainieren, durch Kreuzvalidierung messen und als eine Paketdatei schreiben.</translation>
  </message>
  <message>
   <source>Cross-validate</source>
   <translation>Kreuzvalidieren</translation>
  </message>
  <message>
   <source>Also fit one model for each fold, to measure the accuracy on pixels that it has not seen.</source>
   <translation>Auch für jeden Teil ein Modell trainieren, um die Genauigkeit an Pixeln zu messen, die es nicht gesehen hat.</translation>
  </message>
  <message>
   <source>Carry a model to another site</source>
   <translation>Modell in ein anderes Gebiet übertragen</translation>
  </message>
  <message>
   <source>Make models for a target site by several strategies, and say which is best, by how much.</source>
   <translation>Mit mehreren Verfahren Modelle für ein Zielgebiet machen und sagen, welches am besten ist und um wie viel.</translation>
  </message>
  <message>
   <source>Sample file (samples.gpkg) of the source site; none where its model has to do.</source>
   <translation>Stichprobendatei (samples.gpkg) des Ausgangsgebiets; keine, wo sein Modell genügen muss.</translation>
  </message>
  <message>
   <source>Target series</source>
   <translation>Zeitreihen des Zielgebiets</translation>
  </message>
  <message>
   <source>Sample file of series of the target, whose labels are not read, such as the shift job draws; none where empty.</source>
   <translation>Stichprobendatei mit Zeitreihen des Zielgebiets, deren Kulturen nicht gelesen werden, wie sie „Unterschied messen“ zieht; leer: keine.</translation>
  </message>
  <message>
   <source>Target's samples</source>
   <translation>Stichproben des Zielgebiets</translation>
  </message>
  <message>
   <source>Sample file (samples.gpkg) of labelled samples of the target, to learn from and to be judged on; none where empty.</source>
   <translation>Stichprobendatei (samples.gpkg) mit bekannten Kulturen des Zielgebiets, um daraus zu lernen und daran zu prüfen; leer: keine.</translation>
  </message>
  <message>
   <source>The strategies to run side by side; the same one may stand here several times. Empty: those that the advice ranks first.</source>
   <translation>Die Verfahren, die nebeneinander laufen; dasselbe darf mehrmals dastehen. Leer: die empfohlenen.</translation>
  </message>
  <message>
   <source>What is trained on samples, the target's or the source's; empty: a model like the source's, or a random forest where there is none.</source>
   <translation>Was an Stichproben des Ziel- oder des Ausgangsgebiets trainiert wird; leer: ein Modell wie das des Ausgangsgebiets, oder ein Random Forest, wo es keines gibt.</translation>
  </message>
  <message>
   <source>Classes of the target</source>
   <translation>Klassen des Zielgebiets</translation>
  </message>
  <message>
   <source>Classes that the target has; others are not answered there. Empty: those of its labels, or all where it has none.</source>
   <translation>Klassen, die es im Zielgebiet gibt; andere werden dort nicht vergeben. Leer: die seiner bekannten Kulturen, oder alle, wo es keine gibt.</translation>
  </message>
  <message>
   <source>Select trusted pixels</source>
   <translation>Vertrauenswürdige Pixel wählen</translation>
  </message>
  <message>
   <source>Find pixels whose class many years of maps agree on, tell what each rule leaves of them, and draw points.</source>
   <translation>Pixel finden, über deren Klasse die Karten vieler Jahre sich einig sind, sagen, was jede Regel davon übrig lässt, und Punkte ziehen.</translation>
  </message>
  <message>
   <source>Label rasters, one a year, of one grid; each name holds its year once, or write "2016=path".</source>
   <translation>Klassenraster, eines je Jahr, in einem Pixelgitter; jeder Name enthält sein Jahr einmal, oder schreiben Sie „2016=Pfad“.</translation>
  </message>
  <message>
   <source>What the maps' codes mean: cdl for the Cropland Data Layer, or a legend file (JSON); the names in the newest map itself where empty.</source>
   <translation>Was die Codes der Karten bedeuten: cdl für den Cropland Data Layer, oder eine Legendendatei (JSON); leer gelten die Namen in der neuesten Karte selbst.</translation>
  </message>
  <message>
   <source>Which of the maps' classes become which classes: a preset, or entries such as: Corn = 1, 12; rest = Other. Empty: each class of the maps is one.</source>
   <translation>Welche Klassen der Karten zu welchen Klassen werden: ein fertiges Schema oder Einträge wie: Mais = 1, 12; rest = Andere. Leer: Jede Klasse der Karten ist eine.</translation>
  </message>
  <message>
   <source>Target year</source>
   <translation>Zieljahr</translation>
  </message>
  <message>
   <source>The year that the classes are for; 0 for that of the newest map. Where it has no map, the years before foretell the classes.</source>
   <translation>Das Jahr, für das die Klassen gelten; 0 für das der neuesten Karte. Hat es keine Karte, sagen die Jahre davor die Klassen vorher.</translation>
  </message>
  <message>
   <source>Confidence layer</source>
   <translation>Sicherheits-Layer</translation>
  </message>
  <message>
   <source>How sure the target year's map is of each pixel, in percent; of several years, each name holds its year.</source>
   <translation>Wie sicher die Karte des Zieljahrs bei jedem Pixel ist, in Prozent; bei mehreren Jahren enthält jeder Name sein Jahr.</translation>
  </message>
  <message>
   <source>Cultivated layer</source>
   <translation>Anbau-Layer</translation>
  </message>
  <message>
   <source>2 where land is cultivated, 1 where it is not; of several years, each name holds its year.</source>
   <translation>2, wo angebaut wird, 1, wo nicht; bei mehreren Jahren enthält jeder Name sein Jahr.</translation>
  </message>
  <message>
   <source>Bring to one grid</source>
   <translation>Pixelgitter angleichen</translation>
  </message>
  <message>
   <source>Take the nearest pixels of maps and layers of another grid; they are refused otherwise.</source>
   <translation>Von Karten und Layern mit anderem Pixelgitter die nächsten Pixel nehmen; sonst werden sie zurückgewiesen.</translation>
  </message>
  <message>
   <source>History years</source>
   <translation>Jahre davor</translation>
  </message>
  <message>
   <source>Years before the target year that make a pattern; a map of each is needed.</source>
   <translation>Jahre vor dem Zieljahr, die ein Muster ergeben; von jedem wird eine Karte gebraucht.</translation>
  </message>
  <message>
   <source>Monocrop</source>
   <translation>Monokultur</translation>
  </message>
  <message>
   <source>Keep pixels that were one crop in all those years.</source>
   <translation>Pixel behalten, die in all diesen Jahren eine einzige Kultur waren.</translation>
  </message>
  <message>
   <source>Rotation</source>
   <translation>Fruchtwechsel</translation>
  </message>
  <message>
   <source>Keep pixels on which two crops took turns in all those years.</source>
   <translation>Pixel behalten, auf denen in all diesen Jahren zwei Kulturen abwechselten.</translation>
  </message>
  <message>
   <source>Stable other</source>
   <translation>Beständiger Rest</translation>
  </message>
  <message>
   <source>Keep pixels that were of the rest class in all those years.</source>
   <translation>Pixel behalten, die in all diesen Jahren zur Restklasse gehörten.</translation>
  </message>
  <message>
   <source>Agreement</source>
   <translation>Karte stimmt überein</translation>
  </message>
  <message>
   <source>Keep pixels with a pattern only if the target year's map shows the class that the pattern foretells.</source>
   <translation>Pixel mit einem Muster nur behalten, wenn die Karte des Zieljahrs die Klasse zeigt, die das Muster vorhersagt.</translation>
  </message>
  <message>
   <source>Least agreement</source>
   <translation>Trefferquote ab</translation>
  </message>
  <message>
   <source>Drop patterns that foretold the class of earlier years less often; 0 for none. Where agreement with the target year's map is asked for, that map decides by pixel, and no pattern is dropped.</source>
   <translation>Muster verwerfen, die die Klasse früherer Jahre seltener richtig vorhersagten; 0 verwirft keines. Wo Übereinstimmung mit der Karte des Zieljahrs verlangt ist, entscheidet diese Karte für jedes Pixel, und kein Muster wird verworfen.</translation>
  </message>
  <message>
   <source>%</source>
   <translation>%</translation>
  </message>
  <message>
   <source>Least confidence</source>
   <translation>Sicherheit ab</translation>
  </message>
  <message>
   <source>Of the confidence layer; 0 for any.</source>
   <translation>Im Sicherheits-Layer; 0 lässt jede zu.</translation>
  </message>
  <message>
   <source>Cultivated</source>
   <translation>Anbau</translation>
  </message>
  <message>
   <source>Where the cultivated layer must say so: nowhere, under crops, everywhere, or under crops and nothing else.</source>
   <translation>Wo der Anbau-Layer Anbau zeigen muss: nirgends, unter Kulturen, überall, oder unter Kulturen und sonst nirgends.</translation>
  </message>
  <message>
   <source>any</source>
   <translation>egal</translation>
  </message>
  <message>
   <source>crops cultivated</source>
   <translation>unter Kulturen</translation>
  </message>
  <message>
   <source>all cultivated</source>
   <translation>überall</translation>
  </message>
  <message>
   <source>crops cultivated, other not</source>
   <translation>nur unter Kulturen</translation>
  </message>
  <message>
   <source>Homogeneous window</source>
   <translation>Einheitliches Fenster</translation>
  </message>
  <message>
   <source>Side of the window around a pixel in which all are of its class: 3, 5, ...; 0 for none.</source>
   <translation>Seitenlänge des Fensters um ein Pixel, in dem alle von seiner Klasse sind: 3, 5, ...; 0 für keines.</translation>
  </message>
  <message>
   <source>Distance to another class</source>
   <translation>Klassenabstand</translation>
  </message>
  <message>
   <source>From a pixel's centre to the nearest one of another class, at least; 0 for any.</source>
   <translation>Mindestens so weit von der Mitte eines Pixels bis zur nächsten Pixelmitte einer anderen Klasse; 0 lässt jeden Abstand zu.</translation>
  </message>
  <message>
   <source>Polygons of the study area; all of the maps where empty.</source>
   <translation>Flächen des Gebiets; leer gelten die ganzen Karten.</translation>
  </message>
  <message>
   <source>Buffer inside the site</source>
   <translation>Randstreifen</translation>
  </message>
  <message>
   <source>Leave out pixels nearer to the site's edge, or to that of the maps where no site is given.</source>
   <translation>Pixel auslassen, die näher am Rand des Gebiets liegen, oder am Rand der Karten, wenn kein Gebiet angegeben ist.</translation>
  </message>
  <message>
   <source>How many points are drawn in all; 0 draws none.</source>
   <translation>Wie viele Punkte insgesamt gezogen werden; 0 zieht keine.</translation>
  </message>
  <message>
   <source>How points are shared out to classes: alike; by their pixels; by lot; for the best overall accuracy (neyman); or between that and the best accuracy of each class (power).</source>
   <translation>Wie die Punkte auf die Klassen aufgeteilt werden: gleich viele; anteilig nach ihren Pixeln; zufällig; für die beste Gesamtgenauigkeit (Neyman); oder zwischen dieser und der besten Genauigkeit jeder Klasse (Potenz).</translation>
  </message>
  <message>
   <source>power</source>
   <translation>Potenz</translation>
  </message>
  <message>
   <source>Each class gets at least so many.</source>
   <translation>Jede Klasse bekommt mindestens so viele.</translation>
  </message>
  <message>
   <source>Spread</source>
   <translation>Streuung</translation>
  </message>
  <message>
   <source>cells: square cells of land that hold a class give one point of it each in turn; none: every pixel of a class has the same chance.</source>
   <translation>„Zellen“: Quadratische Zellen, in denen eine Klasse vorkommt, geben reihum je einen Punkt davon; „keine“: Jedes Pixel einer Klasse hat die gleiche Chance.</translation>
  </message>
  <message>
   <source>cells</source>
   <translation>Zellen</translation>
  </message>
  <message>
   <source>Cell size</source>
   <translation>Zellgröße</translation>
  </message>
  <message>
   <source>Edge of these cells.</source>
   <translation>Kantenlänge dieser Zellen.</translation>
  </message>
  <message>
   <source>No two points, of whatever class, lie nearer to each other; 0 allows neighbours.</source>
   <translation>Keine zwei Punkte, gleich welcher Klasse, liegen näher beieinander; 0 erlaubt Nachbarn.</translation>
  </message>
  <message>
   <source>Leave out empty classes</source>
   <translation>Leere Klassen auslassen</translation>
  </message>
  <message>
   <source>Go on without the classes of which the rules leave no pixel; they are refused otherwise.</source>
   <translation>Ohne die Klassen weitermachen, von denen die Regeln kein Pixel übrig lassen; sonst werden sie zurückgewiesen.</translation>
  </message>
  <message>
   <source>User's accuracy expected of a class, 0 to 1, for neyman and power; 0.9 where not named.</source>
   <translation>Erwartete Nutzergenauigkeit einer Klasse, 0 bis 1, für „Neyman“ und „Potenz“; 0,9 für nicht genannte.</translation>
  </message>
  <message>
   <source>Power</source>
   <translation>Exponent</translation>
  </message>
  <message>
   <source>For power: 0 serves each class's own accuracy, 1 the overall one.</source>
   <translation>Für „Potenz“: 0 dient der Genauigkeit jeder einzelnen Klasse, 1 der Gesamtgenauigkeit.</translation>
  </message>
  <message>
   <source>Widest field</source>
   <translation>Größte Feldbreite</translation>
  </message>
  <message>
   <source>Connected pixels of one history form a field, whose points no split parts; what is wider is cut into squares of this edge.</source>
   <translation>Zusammenhängende Pixel mit derselben Vorgeschichte bilden ein Feld, dessen Punkte keine Teilung trennt; was breiter ist, wird in Quadrate dieser Kantenlänge geschnitten.</translation>
  </message>
  <message>
   <source>Rows computed at a time; 0 takes all cores, at most 8.</source>
   <translation>Zeilen, die gleichzeitig gerechnet werden; 0 nimmt alle Kerne, höchstens 8.</translation>
  </message>
  <message>
   <source>Tune model</source>
   <translation>Beste Parameter suchen</translation>
  </message>
  <message>
   <source>Search for the model's best parameter values by cross-validation; values that are given stay as they are.</source>
   <translation>Die besten Werte der Parameter des Modells durch Kreuzvalidierung suchen; vorgegebene Werte bleiben, wie sie sind.</translation>
  </message>
  <message>
   <source>Time</source>
   <translation>Zeit</translation>
  </message>
  <message>
   <source>What the search may take; judging its result comes on top, with two fits. The defaults are always tried.</source>
   <translation>Wie lange die Suche dauern darf; dazu kommt die Prüfung ihres Ergebnisses, mit zwei Trainings. Die Vorgaben werden immer probiert.</translation>
  </message>
  <message>
   <source>Most trials</source>
   <translation>Versuche, höchstens</translation>
  </message>
  <message>
   <source>Most sets of values tried; 0 sets no limit.</source>
   <translation>Höchstens so viele Zusammenstellungen von Werten werden probiert; 0 setzt keine Grenze.</translation>
  </message>
  <message>
   <source>Objective</source>
   <translation>Zielgröße</translation>
  </message>
  <message>
   <source>What is made as large as possible: the mean F1 of the classes, or the overall accuracy.</source>
   <translation>Was möglichst groß werden soll: das mittlere F1 der Klassen oder die Gesamtgenauigkeit.</translation>
  </message>
  <message>
   <source>macro f1</source>
   <translation>Makro-F1</translation>
  </message>
  <message>
   <source>overall</source>
   <translation>Gesamtgenauigkeit</translation>
  </message>
  <message>
   <source>Folder of images</source>
   <translation>Ordner mit Bildern</translation>
  </message>
  <message>
   <source>Take a folder of raster files on this computer, in any format that GDAL reads.</source>
   <translation>Ein Ordner mit Rasterdateien auf diesem Rechner, in jedem Format, das GDAL liest.</translation>
  </message>
  <message>
   <source>Path</source>
   <translation>Pfad</translation>
  </message>
  <message>
   <source>Folder with the images; a single file with many dates is allowed too.</source>
   <translation>Ordner mit den Bildern; auch eine einzelne Datei mit vielen Terminen ist erlaubt.</translation>
  </message>
  <message>
   <source>Pattern</source>
   <translation>Muster der Namen</translation>
  </message>
  <message>
   <source>How file names hold date and band, e.g. {band}_{date:%Y%m%d}.tif with {*} for anything. Empty: recognised from the names.</source>
   <translation>Wie Datum und Kanal in den Dateinamen stehen, z. B. {band}_{date:%Y%m%d}.tif, mit {*} für Beliebiges. Leer: wird aus den Namen erkannt.</translation>
  </message>
  <message>
   <source>Sensor</source>
   <translation>Sensor</translation>
  </message>
  <message>
   <source>Names the bands by their roles (red, nir, swir1, ...) and knows scale, offset, fill number, valid range and masks. Empty: as the files say.</source>
   <translation>Benennt die Kanäle nach ihrer Rolle (red, nir, swir1, ...) und kennt Skalierung, Versatz, Kein-Wert-Zahl, gültigen Bereich und Masken. Leer: wie die Dateien es angeben.</translation>
  </message>
  <message>
   <source />
   <translation type="unfinished" />
  </message>
  <message>
   <source>landsat 8 9</source>
   <translation>Landsat 8 und 9</translation>
  </message>
  <message>
   <source>landsat 4 7</source>
   <translation>Landsat 4 bis 7</translation>
  </message>
  <message>
   <source>sentinel 2 l2a</source>
   <translation>Sentinel-2 L2A</translation>
  </message>
  <message>
   <source>hls l30</source>
   <translation>HLS L30</translation>
  </message>
  <message>
   <source>hls s30</source>
   <translation>HLS S30</translation>
  </message>
  <message>
   <source>maja sentinel 2</source>
   <translation>MAJA Sentinel-2</translation>
  </message>
  <message>
   <source>mod13q1</source>
   <translation>MOD13Q1</translation>
  </message>
  <message>
   <source>Sentinel-2 offset</source>
   <translation>Versatz bei Sentinel-2</translation>
  </message>
  <message>
   <source>Whether sentinel_2_l2a takes 1000 from the stored numbers. auto: by the processing baseline in the path (04.00 or later), else from 25 January 2022; no: harmonised images (Earth Engine, Sentinel Hub).</source>
   <translation>Ob bei Sentinel-2 L2A von den gespeicherten Zahlen 1000 abgezogen wird. Automatisch: nach der Processing Baseline im Pfad (ab 04.00), sonst ab dem 25. Januar 2022; nein: für harmonisierte Bilder (Earth Engine, Sentinel Hub).</translation>
  </message>
  <message>
   <source>yes</source>
   <translation>ja</translation>
  </message>
  <message>
   <source>no</source>
   <translation>nein</translation>
  </message>
  <message>
   <source>Bands to use, in this order; empty takes all.</source>
   <translation>Zu verwendende Kanäle, in dieser Reihenfolge; leer nimmt alle.</translation>
  </message>
  <message>
   <source>Band names</source>
   <translation>Namen der Kanäle</translation>
  </message>
  <message>
   <source>Names of the bands of multi-band files, in order; empty takes the files'.</source>
   <translation>Namen der Kanäle von Dateien mit mehreren Kanälen, der Reihe nach; leer nimmt die der Dateien.</translation>
  </message>
  <message>
   <source>Factor from stored numbers to physical values, e.g. 0.0001; 0 takes the file's or the sensor's.</source>
   <translation>Faktor von gespeicherten Zahlen zu physikalischen Werten, z. B. 0,0001; 0 nimmt den der Datei oder des Sensors.</translation>
  </message>
  <message>
   <source>Added after scaling; with scale 0 and offset 0, the file's or the sensor's.</source>
   <translation>Wird nach der Skalierung addiert; bei Skalierung 0 und Versatz 0 gilt der Versatz der Datei oder des Sensors.</translation>
  </message>
  <message>
   <source>Nodata</source>
   <translation>Kein-Wert-Zahl</translation>
  </message>
  <message>
   <source>Stored number that means no value, or nan; empty takes the file's, else the sensor's.</source>
   <translation>Gespeicherte Zahl, die „kein Wert“ bedeutet, oder nan; leer nimmt die der Datei, sonst die des Sensors.</translation>
  </message>
  <message>
   <source>Valid range</source>
   <translation>Gültiger Bereich</translation>
  </message>
  <message>
   <source>Lowest and highest physical value; others count as clouded. Empty keeps all, or the sensor's.</source>
   <translation>Kleinster und größter physikalischer Wert; andere gelten als bewölkt. Leer behält alle oder nimmt den Bereich des Sensors.</translation>
  </message>
  <message>
   <source>Masks</source>
   <translation>Masken</translation>
  </message>
  <message>
   <source>Bands that tell cloud from clear, e.g. QA_PIXEL, SCL clear 4 5 6 7, QA_PIXEL bits 1 3 4, X bad 3 8, CLP up to 102; a pixel is clear if all say so. Empty: those that are recognised; none: no mask.</source>
   <translation>Kanäle, die Wolken von klarer Sicht unterscheiden, z. B. QA_PIXEL, SCL clear 4 5 6 7, QA_PIXEL bits 1 3 4, X bad 3 8, CLP up to 102; ein Pixel ist klar, wenn alle es sagen. Leer: die erkannten; none: keine Maske.</translation>
  </message>
  <message>
   <source>Mask dilate</source>
   <translation>Maske verbreitern</translation>
  </message>
  <message>
   <source>Widens clouds and shadows of the masks by this distance.</source>
   <translation>Verbreitert Wolken und Schatten der Masken um diesen Abstand.</translation>
  </message>
  <message>
   <source>First date to use; empty takes all from the beginning.</source>
   <translation>Erster zu verwendender Termin; leer nimmt alle von Anfang an.</translation>
  </message>
  <message>
   <source>End</source>
   <translation>Ende</translation>
  </message>
  <message>
   <source>Last date to use; empty takes all to the end.</source>
   <translation>Letzter zu verwendender Termin; leer nimmt alle bis zum Ende.</translation>
  </message>
  <message>
   <source>First date</source>
   <translation>Erster Termin</translation>
  </message>
  <message>
   <source>Date of the first step of a file that holds many dates without saying which.</source>
   <translation>Datum des ersten Schritts einer Datei, die viele Termine enthält, aber nicht sagt, welche.</translation>
  </message>
  <message>
   <source>Step days</source>
   <translation>Schritt in Tagen</translation>
  </message>
  <message>
   <source>Days between the steps of such a file; 0 where none is.</source>
   <translation>Tage zwischen den Schritten einer solchen Datei; 0, wenn keine dabei ist.</translation>
  </message>
  <message>
   <source>Warp</source>
   <translation>Umprojizieren</translation>
  </message>
  <message>
   <source>Resample images on other grids to the first image's: bands bilinear, masks nearest. Masks that cover the images in the same coordinate system need no warp.</source>
   <translation>Bilder mit anderem Pixelgitter auf das des ersten Bildes umrechnen: Kanäle bilinear, Masken nach dem nächsten Nachbarn. Masken, die die Bilder im selben Koordinatensystem abdecken, brauchen das nicht.</translation>
  </message>
  <message>
   <source>Temperatures</source>
   <translation>Temperaturen</translation>
  </message>
  <message>
   <source>CSV of the site's daily temperatures in degrees C, with the columns date and mean, or date, min and max: for recipes that count degree-days.</source>
   <translation>CSV der Tagestemperaturen des Gebiets in Grad Celsius, mit den Spalten date und mean oder date, min und max: für Rezepte, die Gradtage zählen.</translation>
  </message>
  <message>
   <source>Prepared cube</source>
   <translation>Vorbereiteter Bildwürfel</translation>
  </message>
  <message>
   <source>Take a season that a prepare job has prepared; its recipe is the cube's.</source>
   <translation>Eine bereits vorbereitete Saison nehmen; es gilt das Rezept des Bildwürfels.</translation>
  </message>
  <message>
   <source>The cube.tif that a prepare job wrote, or the job's folder.</source>
   <translation>Die Datei cube.tif, die beim Vorbereiten geschrieben wurde, oder der Ordner dieses Auftrags.</translation>
  </message>
  <message>
   <source>Check</source>
   <translation>Prüfen</translation>
  </message>
  <message>
   <source>Read the whole cube first, to find damage before any work; else it is found on the way.</source>
   <translation>Zuerst den ganzen Bildwürfel lesen, um Schäden vor aller Arbeit zu finden; sonst werden sie unterwegs gefunden.</translation>
  </message>
  <message>
   <source>BreizhCrops</source>
   <translation>BreizhCrops</translation>
  </message>
  <message>
   <source>Take the parcels of BreizhCrops, downloaded before: ten Sentinel-2 bands, the crop declared, clouds left out.</source>
   <translation>Die vorher heruntergeladenen Schläge von BreizhCrops nehmen: zehn Kanäle von Sentinel-2, die gemeldete Kultur, ohne Wolken.</translation>
  </message>
  <message>
   <source>Folder of BreizhCrops: it holds classmapping.csv and 2017/L2A/frh01.h5.</source>
   <translation>Ordner von BreizhCrops: Er enthält classmapping.csv und 2017/L2A/frh01.h5.</translation>
  </message>
  <message>
   <source>Regions</source>
   <translation>Regionen</translation>
  </message>
  <message>
   <source>frh01, frh02, frh03, frh04, belle-ile, kermaux; all where empty.</source>
   <translation>frh01, frh02, frh03, frh04, belle-ile, kermaux; leer nimmt alle.</translation>
  </message>
  <message>
   <source>Level</source>
   <translation>Verarbeitungsstufe</translation>
  </message>
  <message>
   <source>L2A: reflectance of the ground; L1C: of the top of the atmosphere.</source>
   <translation>L2A: Reflexion am Boden; L1C: am Oberrand der Atmosphäre.</translation>
  </message>
  <message>
   <source>L2A</source>
   <translation>L2A</translation>
  </message>
  <message>
   <source>L1C</source>
   <translation>L1C</translation>
  </message>
  <message>
   <source>Year</source>
   <translation>Jahr</translation>
  </message>
  <message>
   <source>Year of the series.</source>
   <translation>Jahr der Zeitreihen.</translation>
  </message>
  <message>
   <source>Only these classes; all where empty.</source>
   <translation>Nur diese Klassen; leer nimmt alle.</translation>
  </message>
  <message>
   <source>Parcels per class</source>
   <translation>Schläge je Klasse</translation>
  </message>
  <message>
   <source>At most this many parcels of a class, drawn by seed; 0 takes all.</source>
   <translation>Höchstens so viele Schläge einer Klasse, nach der Startzahl gezogen; 0 nimmt alle.</translation>
  </message>
  <message>
   <source>Most cloud</source>
   <translation>Höchste Bewölkung</translation>
  </message>
  <message>
   <source>A date is clear up to this mean of the parcel's cloud mask (L2A: CLD; L1C: QA60).</source>
   <translation>Bis zu diesem Mittelwert der Wolkenmaske des Schlags ist ein Termin klar (L2A: CLD; L1C: QA60).</translation>
  </message>
  <message>
   <source>The same seed draws the same parcels.</source>
   <translation>Dieselbe Startzahl zieht dieselben Schläge.</translation>
  </message>
  <message>
   <source>Earth Engine samples (CSV)</source>
   <translation>Stichproben aus Earth Engine (CSV)</translation>
  </message>
  <message>
   <source>Take points sampled in Earth Engine and exported as CSV: a table a date, a row a date, or a column a date.</source>
   <translation>Punkte nehmen, deren Werte in Earth Engine entnommen und als CSV exportiert wurden: eine Tabelle, eine Zeile oder eine Spalte je Termin.</translation>
  </message>
  <message>
   <source>Folder of the CSV tables.</source>
   <translation>Ordner mit den CSV-Tabellen.</translation>
  </message>
  <message>
   <source>Files</source>
   <translation>Dateien</translation>
  </message>
  <message>
   <source>Names or patterns of the tables to take, e.g. AR_*.csv; all of the folder where empty.</source>
   <translation>Namen oder Muster der Tabellen, die genommen werden, z. B. AR_*.csv; leer alle des Ordners.</translation>
  </message>
  <message>
   <source>Column of the class; found by itself where its name is obvious.</source>
   <translation>Spalte der Klasse; wird gefunden, wenn ihr Name eindeutig ist.</translation>
  </message>
  <message>
   <source>Dates</source>
   <translation>Datumsangaben</translation>
  </message>
  <message>
   <source>What dates without a year mean: "2021" for 05-12; for numbers such as T01 "dekads of 2021", "months of 2021", "every 16 days from 2021-01-01", or the dates in order.</source>
   <translation>Was Datumsangaben ohne Jahr bedeuten: "2021" für 05-12; für Nummern wie T01 "dekads of 2021", "months of 2021", "every 16 days from 2021-01-01" oder die Termine der Reihe nach.</translation>
  </message>
  <message>
   <source>Names of the bands; those known as bands where empty.</source>
   <translation>Namen der Kanäle; leer gelten die, die als Kanäle bekannt sind.</translation>
  </message>
  <message>
   <source>Column that identifies the points; found by itself where its name is obvious.</source>
   <translation>Spalte, die die Punkte kennzeichnet; wird gefunden, wenn ihr Name eindeutig ist.</translation>
  </message>
  <message>
   <source>Stored numbers are multiplied by this; 0.0001 for reflectance.</source>
   <translation>Gespeicherte Zahlen werden damit multipliziert; 0,0001 für Reflexion.</translation>
  </message>
  <message>
   <source>Stored numbers that stand for no value, as unmask(0) writes; none where empty.</source>
   <translation>Gespeicherte Zahlen, die „kein Wert“ bedeuten, wie unmask(0) sie schreibt; leer für keine.</translation>
  </message>
  <message>
   <source>Scales</source>
   <translation>Skalierungen</translation>
  </message>
  <message>
   <source>Bands that are scaled in another way, e.g. NDVI by 1.</source>
   <translation>Kanäle, die anders skaliert werden, z. B. NDVI mit 1.</translation>
  </message>
  <message>
   <source>Series in CSV (sits)</source>
   <translation>Zeitreihen in CSV (sits)</translation>
  </message>
  <message>
   <source>Take training series from CSV: a row a point and date (Index or date), or a column a band and date.</source>
   <translation>Zeitreihen zum Training aus CSV nehmen: eine Zeile je Punkt und Termin (Index oder date) oder eine Spalte je Kanal und Termin.</translation>
  </message>
  <message>
   <source>Stored numbers are multiplied by this; 0.0001 for integer reflectance.</source>
   <translation>Gespeicherte Zahlen werden damit multipliziert; 0,0001 für ganzzahlige Reflexion.</translation>
  </message>
  <message>
   <source>Stored numbers that stand for no value, e.g. -9999.</source>
   <translation>Gespeicherte Zahlen, die „kein Wert“ bedeuten, z. B. -9999.</translation>
  </message>
  <message>
   <source>Monthly, linear</source>
   <translation>Monatlich, linear</translation>
  </message>
  <message>
   <source>Interpolate the clear observations linearly at the 15th of each month of the season.</source>
   <translation>Die wolkenfreien Beobachtungen linear auf den 15. jedes Monats der Saison umrechnen.</translation>
  </message>
  <message>
   <source>First day; empty for the first image's date.</source>
   <translation>Erster Tag; leer nimmt den Termin des ersten Bildes.</translation>
  </message>
  <message>
   <source>Season end</source>
   <translation>Ende der Saison</translation>
  </message>
  <message>
   <source>Last day; empty for the last image's date.</source>
   <translation>Letzter Tag; leer nimmt den Termin des letzten Bildes.</translation>
  </message>
  <message>
   <source>Clear dates</source>
   <translation>Klare Termine</translation>
  </message>
  <message>
   <source>Fewest clear dates inside the season.</source>
   <translation>Mindestzahl klarer Termine in der Saison.</translation>
  </message>
  <message>
   <source>dates</source>
   <translation>Termine</translation>
  </message>
  <message>
   <source>Longest gap</source>
   <translation>Längste Lücke</translation>
  </message>
  <message>
   <source>Longest time inside the season without a clear date; its start and end count as the edges of gaps. 0 sets no limit.</source>
   <translation>Längste Zeit in der Saison ohne klaren Termin; Beginn und Ende der Saison gelten als Ränder von Lücken. 0 setzt keine Grenze.</translation>
  </message>
  <message>
   <source>Your own steps</source>
   <translation>Eigene Schritte</translation>
  </message>
  <message>
   <source>Take the steps that you choose, in your order: save them as a JSON file and use them again.</source>
   <translation>Die selbst gewählten Schritte nehmen, in der eigenen Reihenfolge: als JSON-Datei speichern und wieder verwenden.</translation>
  </message>
  <message>
   <source>What is done to each pixel's series, in this order.</source>
   <translation>Was mit der Zeitreihe jedes Pixels geschieht, in dieser Reihenfolge.</translation>
  </message>
  <message>
   <source>Raw dates, with a mask</source>
   <translation>Ursprüngliche Termine, mit Maske</translation>
  </message>
  <message>
   <source>Keep the clear observations at the images' own dates, and add a band that says which are clear.</source>
   <translation>Die wolkenfreien Beobachtungen an den Terminen der Bilder belassen und einen Kanal hinzufügen, der sagt, welche klar sind.</translation>
  </message>
  <message>
   <source>Fewest clear dates inside the season; gaps between them have no limit.</source>
   <translation>Mindestzahl klarer Termine in der Saison; für die Lücken dazwischen gilt keine Grenze.</translation>
  </message>
  <message>
   <source>Tolerance</source>
   <translation>Toleranz</translation>
  </message>
  <message>
   <source>In another year each date takes the nearest acquisition at most this long before or after it; -1 for half the dates' median distance.</source>
   <translation>In einem anderen Jahr nimmt jeder Termin die nächste Aufnahme, höchstens so lange davor oder danach; -1 für den halben mittleren Abstand (Median) der Termine.</translation>
  </message>
  <message>
   <source>Raw dates, smoothed</source>
   <translation>Ursprüngliche Termine, geglättet</translation>
  </message>
  <message>
   <source>Draw a smooth curve through the clear observations, and take it at the images' own dates.</source>
   <translation>Eine glatte Kurve durch die wolkenfreien Beobachtungen legen und ihre Werte an den Terminen der Bilder nehmen.</translation>
  </message>
  <message>
   <source>Smoothing</source>
   <translation>Glättung</translation>
  </message>
  <message>
   <source>Lambda, the price of a bend: the higher, the smoother. It counts in days; 343 is what 1 is at 7 days.</source>
   <translation>Lambda, der Preis einer Krümmung: je höher, desto glatter. Es zählt in Tagen; 343 entspricht 1 bei Schritten von 7 Tagen.</translation>
  </message>
  <message>
   <source>Choice of lambda</source>
   <translation>Wahl von Lambda</translation>
  </message>
  <message>
   <source>Take lambda as given, or by V-curve once for the site, or for each pixel and band.</source>
   <translation>Lambda wie vorgegeben nehmen oder mit der V-Kurve bestimmen: einmal für das Gebiet, oder für jedes Pixel und jeden Kanal.</translation>
  </message>
  <message>
   <source>given</source>
   <translation>vorgegeben</translation>
  </message>
  <message>
   <source>site</source>
   <translation>Gebiet</translation>
  </message>
  <message>
   <source>Mask as a band</source>
   <translation>Maske als Kanal</translation>
  </message>
  <message>
   <source>Add the band "seen": 1 on dates near a clear observation of the pixel, 0 where the curve alone tells.</source>
   <translation>Den Kanal „seen“ hinzufügen: 1 an Terminen nahe einer wolkenfreien Beobachtung des Pixels, 0 dort, wo nur die Kurve etwas sagt.</translation>
  </message>
  <message>
   <source>Weekly, with indices</source>
   <translation>Wöchentlich, mit Indizes</translation>
  </message>
  <message>
   <source>Compute spectral indices on the clear dates, then interpolate bands and indices linearly every seven days.</source>
   <translation>Spektralindizes an den klaren Terminen rechnen, dann Kanäle und Indizes linear auf Schritte von sieben Tagen umrechnen.</translation>
  </message>
  <message>
   <source>First day; empty for 1 February.</source>
   <translation>Erster Tag; leer nimmt den 1. Februar.</translation>
  </message>
  <message>
   <source>Last day; empty for 1 November.</source>
   <translation>Letzter Tag; leer nimmt den 1. November.</translation>
  </message>
  <message>
   <source>Features</source>
   <translation>Merkmale</translation>
  </message>
  <message>
   <source>possible: those of the sheet's ten bands and 38 indices that the images' bands allow. bands, paper38 (10 + 28), full48 (10 + 38), unique42 (10 + 32 that differ): sets of Antonijević et al.; long6: six bands and six indices of Long et al.; each needs all of its bands. listed: the indices that you name.</source>
   <translation>Mögliche: von den zehn Kanälen und 38 Indizes der Tabelle jene, die die Kanäle der Bilder erlauben. Nur Kanäle, paper38 (10 + 28), full48 (10 + 38), unique42 (10 + 32 verschiedene): Merkmalssätze von Antonijević et al.; long6: sechs Kanäle und sechs Indizes von Long et al.; jeder Satz braucht alle seine Kanäle. Genannte: die Indizes, die Sie nennen.</translation>
  </message>
  <message>
   <source>possible</source>
   <translation>mögliche</translation>
  </message>
  <message>
   <source>bands</source>
   <translation>nur Kanäle</translation>
  </message>
  <message>
   <source>paper38</source>
   <translation>paper38</translation>
  </message>
  <message>
   <source>full48</source>
   <translation>full48</translation>
  </message>
  <message>
   <source>unique42</source>
   <translation>unique42</translation>
  </message>
  <message>
   <source>long6</source>
   <translation>long6</translation>
  </message>
  <message>
   <source>listed</source>
   <translation>genannte</translation>
  </message>
  <message>
   <source>Names</source>
   <translation>Namen</translation>
  </message>
  <message>
   <source>With listed: cropmap's own indices, or any of the Awesome Spectral Indices catalogue where spyndex is installed.</source>
   <translation>Bei „genannte“: die Indizes von CropMap selbst oder beliebige aus dem Katalog Awesome Spectral Indices, wenn spyndex installiert ist.</translation>
  </message>
  <message>
   <source>Support</source>
   <translation>Stützung</translation>
  </message>
  <message>
   <source>Which clear dates support the steps: all, those before and after the season too (up to two years away), or only those inside it.</source>
   <translation>Welche klaren Termine die Schritte stützen: alle, auch die vor und nach der Saison (bis zu zwei Jahre entfernt), oder nur die in ihr.</translation>
  </message>
  <message>
   <source>all</source>
   <translation>alle</translation>
  </message>
  <message>
   <source>window</source>
   <translation>nur in der Saison</translation>
  </message>
  <message>
   <source>A pixel with fewer clear dates inside the season is prepared, but not used.</source>
   <translation>Ein Pixel mit weniger klaren Terminen in der Saison wird vorbereitet, aber nicht verwendet.</translation>
  </message>
  <message>
   <source>Band roles</source>
   <translation>Rollen der Kanäle</translation>
  </message>
  <message>
   <source>Bands whose names do not tell what they are, each as "role=band": "red=B4".</source>
   <translation>Kanäle, deren Namen nicht sagen, was sie sind, jeweils als „Rolle=Kanal“: „red=B4“.</translation>
  </message>
  <message>
   <source>Weekly, linear</source>
   <translation>Wöchentlich, linear</translation>
  </message>
  <message>
   <source>Interpolate the clear observations linearly at regular steps, every seven days unless told otherwise.</source>
   <translation>Die wolkenfreien Beobachtungen linear auf regelmäßige Schritte umrechnen, ohne andere Angabe alle sieben Tage.</translation>
  </message>
  <message>
   <source>Step</source>
   <translation>Schritt</translation>
  </message>
  <message>
   <source>Days from one step to the next.</source>
   <translation>Tage von einem Schritt zum nächsten.</translation>
  </message>
  <message>
   <source>Weekly, linear, peaks aligned</source>
   <translation>Wöchentlich, linear, Höhepunkte angeglichen</translation>
  </message>
  <message>
   <source>Move the series so that the greenest day falls on the same day of season, and interpolate at regular steps.</source>
   <translation>Die Zeitreihen verschieben, sodass der grünste Tag auf denselben Tag der Saison fällt, und auf regelmäßige Schritte umrechnen.</translation>
  </message>
  <message>
   <source>Variant</source>
   <translation>Variante</translation>
  </message>
  <message>
   <source>region moves all pixels by the same days, from the site's median peak to the target; pixel moves each pixel's own peak there, which takes the difference between early and late crops away.</source>
   <translation>„Region“ verschiebt alle Pixel um gleich viele Tage, vom Median der Höhepunkte des Gebiets zum Zieltag; „Pixel“ verschiebt den Höhepunkt jedes Pixels für sich dorthin, womit der Unterschied zwischen frühen und späten Kulturen verschwindet.</translation>
  </message>
  <message>
   <source>region</source>
   <translation>Region</translation>
  </message>
  <message>
   <source>Index</source>
   <translation>Index</translation>
  </message>
  <message>
   <source>Its maximum is the peak.</source>
   <translation>Sein größter Wert ist der Höhepunkt.</translation>
  </message>
  <message>
   <source>evi</source>
   <translation>EVI</translation>
  </message>
  <message>
   <source>gcvi</source>
   <translation>GCVI</translation>
  </message>
  <message>
   <source>ndvi</source>
   <translation>NDVI</translation>
  </message>
  <message>
   <source>Target day</source>
   <translation>Zieltag</translation>
  </message>
  <message>
   <source>Day of season that the peak is moved to; -1 takes the median peak of the first site that is looked at.</source>
   <translation>Tag der Saison, auf den der Höhepunkt verschoben wird; -1 nimmt den Median der Höhepunkte im zuerst betrachteten Gebiet.</translation>
  </message>
  <message>
   <source>Earliest peak</source>
   <translation>Frühester Höhepunkt</translation>
  </message>
  <message>
   <source>Month and day, MM-DD, of the season's own year.</source>
   <translation>Monat und Tag, MM-TT, im Jahr der Saison.</translation>
  </message>
  <message>
   <source>Latest peak</source>
   <translation>Spätester Höhepunkt</translation>
  </message>
  <message>
   <source>Month and day, MM-DD; before the earliest: a year later.</source>
   <translation>Monat und Tag, MM-TT; liegt er vor dem frühesten, gilt er im Jahr darauf.</translation>
  </message>
  <message>
   <source>Amplitude</source>
   <translation>Amplitude</translation>
  </message>
  <message>
   <source>A pixel whose smoothed index varies less than this has no peak. 0.2 suits EVI and NDVI, 1 suits GCVI.</source>
   <translation>Ein Pixel, dessen geglätteter Index weniger schwankt, hat keinen Höhepunkt. 0,2 passt für EVI und NDVI, 1 für GCVI.</translation>
  </message>
  <message>
   <source>Bands whose names do not tell what they are: "red=B4".</source>
   <translation>Kanäle, deren Namen nicht sagen, was sie sind: „red=B4“.</translation>
  </message>
  <message>
   <source>Weekly, linear, in thermal time</source>
   <translation>Wöchentlich, linear, in thermischer Zeit</translation>
  </message>
  <message>
   <source>Interpolate linearly at regular sums of degree-days instead of regular dates.</source>
   <translation>Linear an regelmäßigen Summen von Gradtagen statt an regelmäßigen Terminen interpolieren.</translation>
  </message>
  <message>
   <source>Base temperature</source>
   <translation>Basistemperatur</translation>
  </message>
  <message>
   <source>At or below it nothing grows: 0 suits many crops at once, 10 suits corn and soybean alone.</source>
   <translation>Bei ihr und darunter wächst nichts: 0 passt für viele Kulturen zugleich, 10 für Mais und Soja allein.</translation>
  </message>
  <message>
   <source>degrees C</source>
   <translation>°C</translation>
  </message>
  <message>
   <source>Cap</source>
   <translation>Obergrenze</translation>
  </message>
  <message>
   <source>Above it nothing grows faster.</source>
   <translation>Darüber wächst nichts schneller.</translation>
  </message>
  <message>
   <source>Sum from</source>
   <translation>Summe ab</translation>
  </message>
  <message>
   <source>Month and day, MM-DD, from which degree-days are summed: the last before the season's start. Empty takes the start itself.</source>
   <translation>Monat und Tag, MM-TT, ab dem Gradtage summiert werden: der letzte vor Beginn der Saison. Leer: der Beginn selbst.</translation>
  </message>
  <message>
   <source>Degree-days of a day</source>
   <translation>Gradtage je Tag</translation>
  </message>
  <message>
   <source>How many degree-days count as one day of season; 0 takes what a day of the first site's season has on average.</source>
   <translation>Wie viele Gradtage als ein Tag der Saison zählen; 0 nimmt, was ein Tag der Saison im ersten Gebiet im Mittel hat.</translation>
  </message>
  <message>
   <source>degree-days</source>
   <translation>Gradtage</translation>
  </message>
  <message>
   <source>Sum at the start</source>
   <translation>Summe am Beginn</translation>
  </message>
  <message>
   <source>Sum of degree-days on day 0 of the season; -1 takes that of the first site.</source>
   <translation>Summe der Gradtage am Tag 0 der Saison; -1 nimmt die des ersten Gebiets.</translation>
  </message>
  <message>
   <source>Weekly, linear, smoothed</source>
   <translation>Wöchentlich, linear, geglättet</translation>
  </message>
  <message>
   <source>Interpolate linearly at regular steps, then smooth; steps far from any clear observation weigh less.</source>
   <translation>Linear auf regelmäßige Schritte umrechnen, dann glätten; Schritte fern von jeder wolkenfreien Beobachtung haben weniger Gewicht.</translation>
  </message>
  <message>
   <source>Lambda, the price of a bend: the higher, the smoother. It counts in steps.</source>
   <translation>Lambda, der Preis einer Krümmung: je höher, desto glatter. Es zählt in Schritten.</translation>
  </message>
  <message>
   <source>Near</source>
   <translation>Nähe</translation>
  </message>
  <message>
   <source>A step this near to a clear observation of the pixel has weight 1.</source>
   <translation>Ein Schritt so nah an einer wolkenfreien Beobachtung des Pixels hat Gewicht 1.</translation>
  </message>
  <message>
   <source>Far weight</source>
   <translation>Gewicht in der Ferne</translation>
  </message>
  <message>
   <source>Weight of the steps that are farther from any clear observation.</source>
   <translation>Gewicht der Schritte, die von jeder wolkenfreien Beobachtung weiter entfernt sind.</translation>
  </message>
  <message>
   <source>Weekly, smoothed from the observations</source>
   <translation>Wöchentlich, aus den Beobachtungen geglättet</translation>
  </message>
  <message>
   <source>Draw a smooth curve through the clear observations on their own dates, and take it at regular steps.</source>
   <translation>Eine glatte Kurve durch die wolkenfreien Beobachtungen an ihren eigenen Terminen legen und ihre Werte an regelmäßigen Schritten nehmen.</translation>
  </message>
  <message>
   <source>Fit again with less weight for observations far from the curve: on both sides (bisquare), or below it, where missed clouds and shadows put a vegetation index (upper).</source>
   <translation>Noch einmal anpassen, mit weniger Gewicht für Beobachtungen fern der Kurve: auf beiden Seiten (bisquare) oder nur darunter, wohin übersehene Wolken und Schatten einen Vegetationsindex drücken (upper).</translation>
  </message>
  <message>
   <source>bisquare</source>
   <translation>auf beiden Seiten (bisquare)</translation>
  </message>
  <message>
   <source>upper</source>
   <translation>nur darunter (upper)</translation>
  </message>
  <message>
   <source>Interval composites</source>
   <translation>Komposite je Zeitabschnitt</translation>
  </message>
  <message>
   <source>Put one value in place of all clear observations of an interval: their median, their mean, or the best of them.</source>
   <translation>Alle wolkenfreien Beobachtungen eines Zeitabschnitts durch einen Wert ersetzen: ihren Median, ihren Mittelwert oder die beste von ihnen.</translation>
  </message>
  <message>
   <source>Interval</source>
   <translation>Zeitabschnitt</translation>
  </message>
  <message>
   <source>Length of an interval; the first begins with the season.</source>
   <translation>Länge eines Zeitabschnitts; der erste beginnt mit der Saison.</translation>
  </message>
  <message>
   <source>Method</source>
   <translation>Verfahren</translation>
  </message>
  <message>
   <source>median and mean are taken band by band; max_ndvi takes all bands of the pixel's greenest clear date, least_cloud those of its clear date on which the site has the fewest clouds.</source>
   <translation>Median und Mittelwert werden Kanal für Kanal gebildet; „höchster NDVI“ nimmt alle Kanäle vom grünsten klaren Termin des Pixels, „wenigste Wolken“ die von seinem klaren Termin, an dem das Gebiet am wenigsten bewölkt ist.</translation>
  </message>
  <message>
   <source>median</source>
   <translation>Median</translation>
  </message>
  <message>
   <source>mean</source>
   <translation>Mittelwert</translation>
  </message>
  <message>
   <source>max ndvi</source>
   <translation>höchster NDVI</translation>
  </message>
  <message>
   <source>least cloud</source>
   <translation>wenigste Wolken</translation>
  </message>
  <message>
   <source>For max_ndvi, where the bands' names do not tell it: what each one is, such as red=B4.</source>
   <translation>Für „höchster NDVI“, wenn die Namen der Kanäle es nicht sagen: was jeder ist, etwa red=B4.</translation>
  </message>
  <message>
   <source>Cloud shares</source>
   <translation>Wolkenanteile</translation>
  </message>
  <message>
   <source>For least_cloud: share of the site that is not clear, by day of season; found by a look at the images.</source>
   <translation>Für „wenigste Wolken“: Anteil des Gebiets, der nicht klar ist, nach Tag der Saison; wird durch einen Blick auf die Bilder gefunden.</translation>
  </message>
  <message>
   <source>Nothing after the season</source>
   <translation>Nichts nach der Saison</translation>
  </message>
  <message>
   <source>Forget all acquisitions after the season's end, so that a season still under way and one long past look alike.</source>
   <translation>Alle Aufnahmen nach dem Ende der Saison vergessen, sodass eine laufende und eine längst vergangene Saison gleich aussehen.</translation>
  </message>
  <message>
   <source>Enough clear dates</source>
   <translation>Genug klare Termine</translation>
  </message>
  <message>
   <source>Refuse pixels that have too few clear dates in the season, or too long a gap between them.</source>
   <translation>Pixel zurückweisen, die in der Saison zu wenige klare Termine haben oder eine zu lange Lücke dazwischen.</translation>
  </message>
  <message>
   <source>Harmonic regression</source>
   <translation>Harmonische Regression</translation>
  </message>
  <message>
   <source>Fit a sum of sine waves to each pixel's clear observations, and take its values at regular steps.</source>
   <translation>Eine Summe von Sinuswellen an die wolkenfreien Beobachtungen jedes Pixels anpassen und ihre Werte an regelmäßigen Schritten nehmen.</translation>
  </message>
  <message>
   <source>Harmonics</source>
   <translation>Wellen</translation>
  </message>
  <message>
   <source>Waves of a period, of half of it, of a third ...</source>
   <translation>Anzahl der Wellen: mit der Länge einer Periode, der Hälfte davon, einem Drittel ...</translation>
  </message>
  <message>
   <source>Period</source>
   <translation>Periode</translation>
  </message>
  <message>
   <source>Length of the longest wave.</source>
   <translation>Länge der längsten Welle.</translation>
  </message>
  <message>
   <source>Trend</source>
   <translation>Trend</translation>
  </message>
  <message>
   <source>Fit a straight line besides.</source>
   <translation>Dazu eine Gerade anpassen.</translation>
  </message>
  <message>
   <source>Ridge</source>
   <translation>Dämpfung (Ridge)</translation>
  </message>
  <message>
   <source>Holds waves and trend near 0 where dates are few: as if so many observations said so. 0 for plain least squares.</source>
   <translation>Hält Wellen und Trend nahe 0, wo es wenige Termine gibt: als ob so viele Beobachtungen dafür sprächen. 0 für einfache kleinste Quadrate.</translation>
  </message>
  <message>
   <source>Days from one output step to the next; 0 keeps the days that the series has.</source>
   <translation>Tage von einem Schritt des Ergebnisses zum nächsten; 0 behält die Tage der Zeitreihe.</translation>
  </message>
  <message>
   <source>Days of season</source>
   <translation>Tage der Saison</translation>
  </message>
  <message>
   <source>Whole days of season wanted, ascending, in place of regular steps.</source>
   <translation>Gewünschte ganze Tage der Saison, aufsteigend, anstelle regelmäßiger Schritte.</translation>
  </message>
  <message>
   <source>bisquare trusts observations far from the curve less and less, upper those below it; slower.</source>
   <translation>„Auf beiden Seiten“ traut Beobachtungen fern der Kurve immer weniger, „nur darunter“ jenen unter ihr; langsamer.</translation>
  </message>
  <message>
   <source>Support around the season</source>
   <translation>Stütze um die Saison</translation>
  </message>
  <message>
   <source>Clear dates up to this long before the season's start and after its end count in the fit.</source>
   <translation>Klare Termine bis so lange vor Beginn und nach Ende der Saison zählen bei der Anpassung mit.</translation>
  </message>
  <message>
   <source>Spectral indices</source>
   <translation>Spektralindizes</translation>
  </message>
  <message>
   <source>Compute spectral indices on each date, before or after resampling.</source>
   <translation>Spektralindizes an jedem Termin rechnen, vor oder nach der Umrechnung auf andere Schritte.</translation>
  </message>
  <message>
   <source>Keep bands</source>
   <translation>Kanäle behalten</translation>
  </message>
  <message>
   <source>Put the bands before the indices: those of the set; with listed, all that there are.</source>
   <translation>Die Kanäle vor die Indizes stellen: die des Merkmalssatzes; bei „genannte“ alle vorhandenen.</translation>
  </message>
  <message>
   <source>Linear resampling</source>
   <translation>Lineare Umrechnung</translation>
  </message>
  <message>
   <source>Interpolate linearly between the nearest clear dates before and after each step.</source>
   <translation>Zwischen den nächsten klaren Terminen vor und nach jedem Schritt linear interpolieren.</translation>
  </message>
  <message>
   <source>Days from one output step to the next. 0 keeps the dates as they are, and fills their gaps.</source>
   <translation>Tage von einem Schritt des Ergebnisses zum nächsten. 0 behält die Termine, wie sie sind, und füllt ihre Lücken.</translation>
  </message>
  <message>
   <source>Clear dates up to this long before the season's start and after its end support the steps inside it.</source>
   <translation>Klare Termine bis so lange vor Beginn und nach Ende der Saison stützen die Schritte in ihr.</translation>
  </message>
  <message>
   <source>Fill what is not clear with 0, and add the band "clear": 1 where the values were seen, 0 where they were filled.</source>
   <translation>Was nicht klar ist, mit 0 füllen und den Kanal „clear“ hinzufügen: 1, wo die Werte gesehen wurden, 0, wo sie gefüllt sind.</translation>
  </message>
  <message>
   <source>Native dates</source>
   <translation>Termine der Aufnahmen</translation>
  </message>
  <message>
   <source>Keep acquisitions as they are, each on the day of season where the model looks for it.</source>
   <translation>Die Aufnahmen lassen, wie sie sind, jede an dem Tag der Saison, an dem das Modell sie sucht.</translation>
  </message>
  <message>
   <source>Whole days of season wanted, ascending, 0 for its first day; empty keeps the images' own.</source>
   <translation>Gewünschte ganze Tage der Saison, aufsteigend, 0 für ihren ersten Tag; leer behält die der Bilder.</translation>
  </message>
  <message>
   <source>Each day takes the nearest acquisition at most this long before or after it.</source>
   <translation>Jeder Tag nimmt die nächste Aufnahme, höchstens so lange davor oder danach.</translation>
  </message>
  <message>
   <source>Alignment of peaks</source>
   <translation>Angleichung der Höhepunkte</translation>
  </message>
  <message>
   <source>Move series in time, so that vegetation peaks on the day of season that a model was trained for.</source>
   <translation>Zeitreihen in der Zeit verschieben, sodass die Vegetation ihren Höhepunkt an dem Tag der Saison hat, für den ein Modell trainiert wurde.</translation>
  </message>
  <message>
   <source>Region's peak</source>
   <translation>Höhepunkt der Region</translation>
  </message>
  <message>
   <source>For region: the site's median peak, day of season; a look at its images finds it.</source>
   <translation>Für „Region“: Median der Höhepunkte des Gebiets, als Tag der Saison; ein Blick auf seine Bilder findet ihn.</translation>
  </message>
  <message>
   <source>Longest shift</source>
   <translation>Größte Verschiebung</translation>
  </message>
  <message>
   <source>A region further from the target is refused; a pixel further from it is moved by this much.</source>
   <translation>Eine Region, die weiter vom Zieltag entfernt ist, wird zurückgewiesen; ein Pixel, das weiter entfernt ist, wird um so viel verschoben.</translation>
  </message>
  <message>
   <source>Savitzky-Golay smoothing</source>
   <translation>Savitzky-Golay-Glättung</translation>
  </message>
  <message>
   <source>Fit a polynomial to each step and its neighbours by least squares, and take its value at the step.</source>
   <translation>An jeden Schritt und seine Nachbarn ein Polynom nach kleinsten Quadraten anpassen und seinen Wert an diesem Schritt nehmen.</translation>
  </message>
  <message>
   <source>Window</source>
   <translation>Fenster</translation>
  </message>
  <message>
   <source>Steps that a polynomial is fitted to, the middle one included: odd.</source>
   <translation>Anzahl der Schritte, an die ein Polynom angepasst wird, den mittleren mitgezählt: ungerade.</translation>
  </message>
  <message>
   <source>Order</source>
   <translation>Grad</translation>
  </message>
  <message>
   <source>Degree of the polynomial, below the window: higher keeps sharper peaks.</source>
   <translation>Grad des Polynoms, kleiner als das Fenster: Ein höherer erhält schärfere Spitzen.</translation>
  </message>
  <message>
   <source>Seen or not as a band</source>
   <translation>Gesehen oder nicht, als Kanal</translation>
  </message>
  <message>
   <source>Add the band "seen": 1 at steps near a clear observation of the pixel, 0 where values come from farther away.</source>
   <translation>Den Kanal „seen“ hinzufügen: 1 an Schritten nahe einer wolkenfreien Beobachtung des Pixels, 0, wo die Werte von weiter her kommen.</translation>
  </message>
  <message>
   <source>Within</source>
   <translation>Umkreis</translation>
  </message>
  <message>
   <source>A step counts as seen where the pixel was clear at most this long before or after it.</source>
   <translation>Ein Schritt gilt als gesehen, wenn das Pixel höchstens so lange davor oder danach klar war.</translation>
  </message>
  <message>
   <source>Thermal time</source>
   <translation>Thermische Zeit</translation>
  </message>
  <message>
   <source>Count the season in degree-days instead of days, so that crops of a warm and of a cool year stand at one step.</source>
   <translation>Die Saison in Gradtagen statt Tagen zählen, sodass Kulturen eines warmen und eines kühlen Jahres im selben Schritt stehen.</translation>
  </message>
  <message>
   <source>First day</source>
   <translation>Erster Tag</translation>
  </message>
  <message>
   <source>Day of season that the calendar begins with; the site's temperatures tell it.</source>
   <translation>Tag der Saison, mit dem der Kalender beginnt; die Temperaturen des Gebiets sagen ihn.</translation>
  </message>
  <message>
   <source>Calendar</source>
   <translation>Kalender</translation>
  </message>
  <message>
   <source>What each day of season, from the first day on, is in thermal time; the site's temperatures tell it.</source>
   <translation>Was jeder Tag der Saison, vom ersten Tag an, in thermischer Zeit ist; die Temperaturen des Gebiets sagen es.</translation>
  </message>
  <message>
   <source>Whittaker smoothing</source>
   <translation>Whittaker-Glättung</translation>
  </message>
  <message>
   <source>Draw the curve that is as close to the observations as it is smooth; lambda says which counts more.</source>
   <translation>Die Kurve legen, die den Beobachtungen so nah wie möglich und zugleich glatt ist; Lambda sagt, was mehr zählt.</translation>
  </message>
  <message>
   <source>Lambda, the price of a bend: the higher, the smoother. It counts in grid nodes: weekly steps and a daily grid want different values.</source>
   <translation>Lambda, der Preis einer Krümmung: je höher, desto glatter. Es zählt in Stützstellen: Wöchentliche Schritte und tägliche Stützstellen brauchen verschiedene Werte.</translation>
  </message>
  <message>
   <source>Take lambda as given, or find it by V-curve: once for the first site the recipe looks at, or for each pixel and band.</source>
   <translation>Lambda wie vorgegeben nehmen oder mit der V-Kurve bestimmen: einmal für das erste Gebiet, das das Rezept betrachtet, oder für jedes Pixel und jeden Kanal.</translation>
  </message>
  <message>
   <source>Weight of the steps further from any clear observation.</source>
   <translation>Gewicht der Schritte, die von jeder wolkenfreien Beobachtung weiter entfernt sind.</translation>
  </message>
  <message>
   <source>Fit again with less weight for observations far from the curve: on both sides (bisquare), or below it (upper, for vegetation indices).</source>
   <translation>Noch einmal anpassen, mit weniger Gewicht für Beobachtungen fern der Kurve: auf beiden Seiten (bisquare) oder nur darunter (upper, für Vegetationsindizes).</translation>
  </message>
  <message>
   <source>Grid</source>
   <translation>Abstand der Stützstellen</translation>
  </message>
  <message>
   <source>Distance of the nodes that the curve is solved on where dates are irregular.</source>
   <translation>Abstand der Stützstellen, auf denen die Kurve bei unregelmäßigen Terminen gelöst wird.</translation>
  </message>
  <message>
   <source>Where new steps are made: clear dates up to this long before the season's start and after its end count.</source>
   <translation>Wenn neue Schritte entstehen: Klare Termine bis so lange vor Beginn und nach Ende der Saison zählen mit.</translation>
  </message>
  <message>
   <source>Edges</source>
   <translation>Ränder</translation>
  </message>
  <message>
   <source>Before a pixel's first and after its last clear date: hold the curve's value there, or go straight on in line, as the minimiser does, however far.</source>
   <translation>Vor dem ersten und nach dem letzten klaren Termin eines Pixels: den dortigen Wert der Kurve halten oder geradlinig weitergehen, wie es die Minimierung tut, so weit es auch ist.</translation>
  </message>
  <message>
   <source>hold</source>
   <translation>halten</translation>
  </message>
  <message>
   <source>line</source>
   <translation>geradlinig weiter</translation>
  </message>
  <message>
   <source>Lowest</source>
   <translation>Kleinstes Lambda</translation>
  </message>
  <message>
   <source>Smallest lambda that a V-curve tries.</source>
   <translation>Das kleinste Lambda, das die V-Kurve probiert.</translation>
  </message>
  <message>
   <source>Highest</source>
   <translation>Größtes Lambda</translation>
  </message>
  <message>
   <source>Largest lambda that a V-curve tries.</source>
   <translation>Das größte Lambda, das die V-Kurve probiert.</translation>
  </message>
  <message>
   <source>Transformer without positions (BMP)</source>
   <translation>Transformer ohne Positionen (BMP)</translation>
  </message>
  <message>
   <source>A small Transformer that keeps the season's strongest signs in any order; fit for a CPU; for transfer.</source>
   <translation>Ein kleiner Transformer, der die stärksten Zeichen der Saison in beliebiger Reihenfolge behält; auch ohne Grafikkarte brauchbar; für die Übertragung (Transfer).</translation>
  </message>
  <message>
   <source>Epochs</source>
   <translation>Durchgänge</translation>
  </message>
  <message>
   <source>Most passes over the training samples.</source>
   <translation>Höchstzahl der Durchgänge durch die Trainingsstichproben.</translation>
  </message>
  <message>
   <source>Batch size</source>
   <translation>Stapelgröße</translation>
  </message>
  <message>
   <source>Samples of one step.</source>
   <translation>Stichproben je Lernschritt.</translation>
  </message>
  <message>
   <source>Learning rate</source>
   <translation>Lernrate</translation>
  </message>
  <message>
   <source>Largest step size.</source>
   <translation>Größte Schrittweite.</translation>
  </message>
  <message>
   <source>Schedule</source>
   <translation>Verlauf der Lernrate</translation>
  </message>
  <message>
   <source>cosine: the step size rises over the first tenth of the epochs and then falls to nearly nothing. plateau: it is cut by ten when the validation loss has not fallen for half of patience. constant: it stays.</source>
   <translation>cosine: Die Schrittweite steigt im ersten Zehntel der Epochen an und fällt dann auf fast nichts. plateau: Sie wird gezehntelt, wenn der Validierungsverlust die halbe Geduld lang nicht gefallen ist. constant: Sie bleibt.</translation>
  </message>
  <message>
   <source>cosine</source>
   <translation>Kosinus</translation>
  </message>
  <message>
   <source>plateau</source>
   <translation>Plateau</translation>
  </message>
  <message>
   <source>constant</source>
   <translation>konstant</translation>
  </message>
  <message>
   <source>Optimizer</source>
   <translation>Optimierer</translation>
  </message>
  <message>
   <source>adamw takes the weight decay off the weights; adam adds it to the gradients, as both source studies do.</source>
   <translation>AdamW zieht die Gewichtsabnahme von den Gewichten ab; Adam addiert sie zu den Gradienten, wie in beiden ursprünglichen Studien.</translation>
  </message>
  <message>
   <source>adamw</source>
   <translation>AdamW</translation>
  </message>
  <message>
   <source>adam</source>
   <translation>Adam</translation>
  </message>
  <message>
   <source>Weight decay</source>
   <translation>Gewichtsabnahme</translation>
  </message>
  <message>
   <source>How strongly weights are pulled to 0.</source>
   <translation>Wie stark Gewichte zur 0 gezogen werden.</translation>
  </message>
  <message>
   <source>Patience</source>
   <translation>Geduld</translation>
  </message>
  <message>
   <source>Stop after so many epochs without a lower validation loss.</source>
   <translation>Nach so vielen Durchgängen ohne kleineren Verlust bei der Überwachung aufhören.</translation>
  </message>
  <message>
   <source>epochs</source>
   <translation>Durchgänge</translation>
  </message>
  <message>
   <source>Clip norm</source>
   <translation>Gradientengrenze</translation>
  </message>
  <message>
   <source>Gradients longer than this are shortened to it; 0 leaves them.</source>
   <translation>Längere Gradienten werden auf diese Länge gekürzt; 0 lässt sie, wie sie sind.</translation>
  </message>
  <message>
   <source>Label smoothing</source>
   <translation>Glättung der Angaben</translation>
  </message>
  <message>
   <source>Share of each label that is spread over all classes.</source>
   <translation>Anteil jeder Angabe, der auf alle Klassen verteilt wird (label smoothing).</translation>
  </message>
  <message>
   <source>Rare classes</source>
   <translation>Seltene Klassen stärken</translation>
  </message>
  <message>
   <source>weights: errors of rare classes count more. root_weights: the same, less strongly. sampling: rare classes are shown more often. One of these is enough.</source>
   <translation>„Gewichte“: Fehler bei seltenen Klassen zählen mehr. „Wurzelgewichte“: dasselbe, weniger stark. „Ziehung“: Seltene Klassen werden häufiger gezeigt. Eines davon genügt.</translation>
  </message>
  <message>
   <source>weights</source>
   <translation>Gewichte</translation>
  </message>
  <message>
   <source>root weights</source>
   <translation>Wurzelgewichte</translation>
  </message>
  <message>
   <source>sampling</source>
   <translation>Ziehung</translation>
  </message>
  <message>
   <source>Scaling</source>
   <translation>Standardisierung</translation>
  </message>
  <message>
   <source>per_band: one mean and deviation a band, so that the season's shape stays (Long et al. 2026). per_band_and_step: one for each date too (Antonijevic et al. 2023). none: values as they are.</source>
   <translation>„je Kanal“: ein Mittelwert und eine Standardabweichung für jeden Kanal, sodass die Form der Saison erhalten bleibt (Long et al. 2026). „je Kanal und Schritt“: auch für jeden Termin eigene (Antonijević et al. 2023). „keine“: die Werte, wie sie sind.</translation>
  </message>
  <message>
   <source>per band</source>
   <translation>je Kanal</translation>
  </message>
  <message>
   <source>per band and step</source>
   <translation>je Kanal und Schritt</translation>
  </message>
  <message>
   <source>Mixed precision</source>
   <translation>Gemischte Präzision</translation>
  </message>
  <message>
   <source>Multiply in 16 bits where the device does so faster; last digits differ.</source>
   <translation>Mit 16 Bit multiplizieren, wo das Gerät es so schneller kann; die letzten Stellen weichen ab.</translation>
  </message>
  <message>
   <source>Time shift</source>
   <translation>Zeitverschiebung</translation>
  </message>
  <message>
   <source>While training, each series is moved by up to so many days, earlier or later.</source>
   <translation>Beim Training wird jede Zeitreihe um bis zu so viele Tage verschoben, früher oder später.</translation>
  </message>
  <message>
   <source>Band jitter</source>
   <translation>Zufälliger Kanalversatz</translation>
  </message>
  <message>
   <source>While training, each band of a series is moved by a random amount of this deviation, in deviations of the band.</source>
   <translation>Beim Training wird jeder Kanal einer Zeitreihe um einen zufälligen Betrag mit dieser Standardabweichung verschoben, gemessen in Standardabweichungen des Kanals.</translation>
  </message>
  <message>
   <source>Missing dates</source>
   <translation>Fehlende Termine</translation>
  </message>
  <message>
   <source>While training, up to this share of each series' steps is hidden, as clouds would.</source>
   <translation>Beim Training wird von den Schritten jeder Zeitreihe höchstens dieser Anteil verdeckt, wie es Wolken täten.</translation>
  </message>
  <message>
   <source>Width</source>
   <translation>Breite</translation>
  </message>
  <message>
   <source>Numbers that describe a time step; a multiple of the heads.</source>
   <translation>Anzahl der Zahlen, die einen Zeitschritt beschreiben; ein Vielfaches der Zahl der Köpfe.</translation>
  </message>
  <message>
   <source>Layers</source>
   <translation>Schichten</translation>
  </message>
  <message>
   <source>Encoder layers.</source>
   <translation>Schichten des Encoders.</translation>
  </message>
  <message>
   <source>Attention heads</source>
   <translation>Aufmerksamkeitsköpfe</translation>
  </message>
  <message>
   <source>Attention heads of a layer.</source>
   <translation>Aufmerksamkeitsköpfe einer Schicht.</translation>
  </message>
  <message>
   <source>Inner width</source>
   <translation>Innere Breite</translation>
  </message>
  <message>
   <source>Width of the layers' inner network.</source>
   <translation>Breite des inneren Netzes der Schichten.</translation>
  </message>
  <message>
   <source>Dropout</source>
   <translation>Dropout</translation>
  </message>
  <message>
   <source>Share of values left out while training.</source>
   <translation>Anteil der Werte, die beim Training ausgelassen werden.</translation>
  </message>
  <message>
   <source>Order of dates</source>
   <translation>Reihenfolge der Tage</translation>
  </message>
  <message>
   <source>none: as in the study, the order of the dates counts only through the scaling. day: the day of season is added to each step, and the first layer is linear.</source>
   <translation>„keine“: Wie in der Studie zählt die Reihenfolge der Termine nur durch die Standardisierung. „Tag der Saison“: Der Tag der Saison wird zu jedem Schritt addiert, und die erste Schicht ist linear.</translation>
  </message>
  <message>
   <source>day</source>
   <translation>Tag der Saison</translation>
  </message>
  <message>
   <source>Deep LSTM (BreizhCrops)</source>
   <translation>Tiefes LSTM (BreizhCrops)</translation>
  </message>
  <message>
   <source>Four LSTM layers that read the season both ways; slow without a GPU; for many samples.</source>
   <translation>Vier LSTM-Schichten lesen die Saison in beiden Richtungen; ohne Grafikkarte langsam; für viele Stichproben.</translation>
  </message>
  <message>
   <source>Normalise the bands of each step</source>
   <translation>Kanäle je Schritt normieren</translation>
  </message>
  <message>
   <source>As the sources do; it forgets how bright a step is. Never with fewer than three bands.</source>
   <translation>Wie in den Quellen; dabei geht verloren, wie hell ein Schritt ist. Nie bei weniger als drei Kanälen.</translation>
  </message>
  <message>
   <source>Memory of a layer</source>
   <translation>Gedächtnis je Schicht</translation>
  </message>
  <message>
   <source>Numbers that each layer remembers in each direction.</source>
   <translation>Anzahl der Zahlen, die sich jede Schicht in jeder Richtung merkt.</translation>
  </message>
  <message>
   <source>Layers of cells.</source>
   <translation>Schichten aus Zellen.</translation>
  </message>
  <message>
   <source>Share of values left out between layers while training.</source>
   <translation>Anteil der Werte, die beim Training zwischen den Schichten ausgelassen werden.</translation>
  </message>
  <message>
   <source>Ensemble</source>
   <translation>Ensemble</translation>
  </message>
  <message>
   <source>The mean of several models' probabilities; costs what all of them cost; where each point of accuracy counts.</source>
   <translation>Der Mittelwert der Wahrscheinlichkeiten mehrerer Modelle; kostet so viel wie alle zusammen; wenn jeder Prozentpunkt Genauigkeit zählt.</translation>
  </message>
  <message>
   <source>Members</source>
   <translation>Mitglieder</translation>
  </message>
  <message>
   <source>The models, each with its own parameters; all learn from the same samples.</source>
   <translation>Die Modelle, jedes mit eigenen Parametern; alle lernen aus denselben Stichproben.</translation>
  </message>
  <message>
   <source>Copies of each</source>
   <translation>Kopien von jedem</translation>
  </message>
  <message>
   <source>How often each of them is fitted, each time with another seed; networks gain most.</source>
   <translation>Wie oft jedes davon trainiert wird, jedes Mal mit einer anderen Startzahl; neuronale Netze gewinnen am meisten.</translation>
  </message>
  <message>
   <source>Forest on a network's features</source>
   <translation>Random Forest auf Merkmalen eines Netzes</translation>
  </message>
  <message>
   <source>A random forest that decides on what a trained network makes of each series; quick; for few labels.</source>
   <translation>Ein Random Forest, der nach dem entscheidet, was ein trainiertes Netz aus jeder Zeitreihe macht; schnell; für wenige bekannte Kulturen.</translation>
  </message>
  <message>
   <source>Trees</source>
   <translation>Bäume</translation>
  </message>
  <message>
   <source>Number of trees.</source>
   <translation>Anzahl der Bäume.</translation>
  </message>
  <message>
   <source>Features per split</source>
   <translation>Merkmale</translation>
  </message>
  <message>
   <source>Share of the network's features that are tried at each split.</source>
   <translation>Anteil der Merkmale des Netzes, die an jeder Verzweigung versucht werden.</translation>
  </message>
  <message>
   <source>Smallest leaf</source>
   <translation>Kleinstes Blatt</translation>
  </message>
  <message>
   <source>Fewest samples in a leaf.</source>
   <translation>Wenigste Stichproben in einem Blatt.</translation>
  </message>
  <message>
   <source>Samples per tree</source>
   <translation>Proben je Baum</translation>
  </message>
  <message>
   <source>Share of the samples drawn for each tree.</source>
   <translation>Anteil der Stichproben, die für jeden Baum gezogen werden.</translation>
  </message>
  <message>
   <source>weights: samples of rare classes count more, so that all classes together count the same.</source>
   <translation>„Gewichte“: Stichproben seltener Klassen zählen mehr, sodass jede Klasse insgesamt gleich viel zählt.</translation>
  </message>
  <message>
   <source>Package of the network</source>
   <translation>Paket des Netzes</translation>
  </message>
  <message>
   <source>Package whose network makes the features. Needed to train only: the new package holds the network.</source>
   <translation>Paket, dessen Netz die Merkmale macht. Nur zum Trainieren nötig: Das neue Paket enthält das Netz.</translation>
  </message>
  <message>
   <source>Network</source>
   <translation>Netz</translation>
  </message>
  <message>
   <source>Name and parameters of the network as JSON; the training fills it in.</source>
   <translation>Name und Parameter des Netzes als JSON; das Training trägt sie ein.</translation>
  </message>
  <message>
   <source>Gradient boosting</source>
   <translation>Gradient Boosting</translation>
  </message>
  <message>
   <source>Small trees that mend each other's errors; minutes on a CPU; where a forest's accuracy is not enough.</source>
   <translation>Kleine Bäume, die die Fehler der vorigen ausbessern; Minuten auf dem Prozessor; wenn die Genauigkeit eines Random Forest nicht genügt.</translation>
  </message>
  <message>
   <source>Rounds</source>
   <translation>Runden</translation>
  </message>
  <message>
   <source>How often the errors so far are mended, by one tree a class.</source>
   <translation>Wie oft die bisherigen Fehler ausgebessert werden, mit einem Baum je Klasse.</translation>
  </message>
  <message>
   <source>Tree depth</source>
   <translation>Tiefe der Bäume</translation>
  </message>
  <message>
   <source>Most splits from a tree's root to a leaf.</source>
   <translation>Höchstzahl der Teilungen von der Wurzel eines Baums bis zu einem Blatt.</translation>
  </message>
  <message>
   <source>How much of each tree's correction is taken; half of it wants twice the rounds.</source>
   <translation>Wie viel von der Korrektur jedes Baums übernommen wird; die Hälfte braucht doppelt so viele Runden.</translation>
  </message>
  <message>
   <source>Samples per round</source>
   <translation>Proben je Runde</translation>
  </message>
  <message>
   <source>Share of the samples that each round learns from.</source>
   <translation>Anteil der Stichproben, aus denen jede Runde lernt.</translation>
  </message>
  <message>
   <source>Share of the features that each split chooses from.</source>
   <translation>Anteil der Merkmale, unter denen jede Teilung wählt.</translation>
  </message>
  <message>
   <source>Smallest leaf weight</source>
   <translation>Kleinstes Blattgewicht</translation>
  </message>
  <message>
   <source>How much a leaf must weigh: samples still in doubt weigh up to 0.5 each, sure ones nearly nothing.</source>
   <translation>Wie viel ein Blatt wiegen muss: Stichproben, die noch unsicher sind, wiegen je bis zu 0,5, sichere fast nichts.</translation>
  </message>
  <message>
   <source>Shrinkage</source>
   <translation>Schrumpfung</translation>
  </message>
  <message>
   <source>Pulls the numbers in the leaves to 0 (L2).</source>
   <translation>Zieht die Zahlen in den Blättern zur 0 (L2).</translation>
  </message>
  <message>
   <source>weights: errors of rare classes count more, so that all classes together count the same.</source>
   <translation>„Gewichte“: Fehler bei seltenen Klassen zählen mehr, sodass jede Klasse insgesamt gleich viel zählt.</translation>
  </message>
  <message>
   <source>InceptionTime</source>
   <translation>InceptionTime</translation>
  </message>
  <message>
   <source>Long and short convolutions side by side; among the slower networks, for long series with many samples.</source>
   <translation>Lange und kurze Faltungen nebeneinander; eines der langsameren Netze, für lange Zeitreihen mit vielen Stichproben.</translation>
  </message>
  <message>
   <source>Patterns that a module looks for, a quarter by each of its paths; a multiple of 4.</source>
   <translation>Anzahl der Muster, nach denen ein Modul sucht, je ein Viertel auf jedem seiner Wege; ein Vielfaches von 4.</translation>
  </message>
  <message>
   <source>Modules</source>
   <translation>Module</translation>
  </message>
  <message>
   <source>Modules, one after the other; every third adds a shortcut.</source>
   <translation>Anzahl der Module hintereinander; jedes dritte fügt eine Abkürzung hinzu.</translation>
  </message>
  <message>
   <source>Longest kernel</source>
   <translation>Längster Kern</translation>
  </message>
  <message>
   <source>Steps that the longest convolution sees, an odd number; the others see about a half and a quarter.</source>
   <translation>Anzahl der Schritte, die die längste Faltung sieht, eine ungerade Zahl; die anderen sehen etwa die Hälfte und ein Viertel davon.</translation>
  </message>
  <message>
   <source>steps</source>
   <translation>Schritte</translation>
  </message>
  <message>
   <source>Lightweight temporal attention (L-TAE)</source>
   <translation>Leichte zeitliche Aufmerksamkeit (L-TAE)</translation>
  </message>
  <message>
   <source>Learnt questions pick the days that matter; quick also on a CPU; for irregular dates and large maps.</source>
   <translation>Gelernte Fragen suchen die Tage aus, auf die es ankommt; auch ohne Grafikkarte schnell; für unregelmäßige Termine und große Karten.</translation>
  </message>
  <message>
   <source>Attention heads; each sees its own part of the width.</source>
   <translation>Aufmerksamkeitsköpfe; jeder sieht seinen eigenen Teil der Breite.</translation>
  </message>
  <message>
   <source>Key length</source>
   <translation>Schlüssellänge</translation>
  </message>
  <message>
   <source>Length of a head's query and keys.</source>
   <translation>Länge der Frage (query) und der Schlüssel (keys) eines Kopfes.</translation>
  </message>
  <message>
   <source>Summary length</source>
   <translation>Länge der Summe</translation>
  </message>
  <message>
   <source>Numbers that sum up a season.</source>
   <translation>Anzahl der Zahlen, die eine Saison zusammenfassen.</translation>
  </message>
  <message>
   <source>Share of the summary left out while training.</source>
   <translation>Anteil der Zusammenfassung, der beim Training ausgelassen wird.</translation>
  </message>
  <message>
   <source>MS-ResNet</source>
   <translation>MS-ResNet</translation>
  </message>
  <message>
   <source>Residual convolutions at three scales, averaged over time; slower than TempCNN; for comparisons.</source>
   <translation>Residuale Faltungen auf drei Skalen, über die Zeit gemittelt; langsamer als TempCNN; für Vergleiche.</translation>
  </message>
  <message>
   <source>Patterns that the first layers look for; the next blocks look for 2 and 4 times as many.</source>
   <translation>Anzahl der Muster, nach denen die ersten Schichten suchen; die nächsten Blöcke suchen nach 2- und 4-mal so vielen.</translation>
  </message>
  <message>
   <source>OmniScaleCNN</source>
   <translation>OmniScaleCNN</translation>
  </message>
  <message>
   <source>Convolutions of all prime lengths; large and slow, for comparisons and where no kernel length is known.</source>
   <translation>Faltungen mit allen Primzahlen als Länge; groß und langsam, für Vergleiche und wenn keine Kernellänge bekannt ist.</translation>
  </message>
  <message>
   <source>Fewest patterns a kernel</source>
   <translation>Wenigste Muster je Kern</translation>
  </message>
  <message>
   <source>Fewest patterns of each kernel of the first layer. 1 is the published network, which lets hardly anything of many bands through; 4 is then better and also smaller.</source>
   <translation>Mindestzahl der Muster jedes Kernels der ersten Schicht. 1 ist das veröffentlichte Netz, das von vielen Kanälen kaum etwas durchlässt; 4 ist dann besser und auch kleiner.</translation>
  </message>
  <message>
   <source>Presto</source>
   <translation>Presto</translation>
  </message>
  <message>
   <source>Features of an encoder that learnt from the whole world, then a simple classifier; quick; for monthly images.</source>
   <translation>Merkmale eines Encoders, der von der ganzen Welt gelernt hat, dann ein einfacher Klassifikator; schnell; für monatliche Bilder.</translation>
  </message>
  <message>
   <source>File of weights</source>
   <translation>Datei der Gewichte</translation>
  </message>
  <message>
   <source>File of published weights (default_model.pt of nasaharvest/presto). Needed to train only: the package holds them.</source>
   <translation>Datei mit veröffentlichten Gewichten (default_model.pt von nasaharvest/presto). Nur zum Training nötig: Das Modellpaket enthält sie.</translation>
  </message>
  <message>
   <source>Classifier</source>
   <translation>Klassifikator</translation>
  </message>
  <message>
   <source>What learns the classes from the features: a logistic regression, or a random forest.</source>
   <translation>Was aus den Merkmalen die Klassen lernt: eine logistische Regression („linear“) oder ein Random Forest.</translation>
  </message>
  <message>
   <source>linear</source>
   <translation>linear</translation>
  </message>
  <message>
   <source>forest</source>
   <translation>Random Forest</translation>
  </message>
  <message>
   <source>Closeness of fit</source>
   <translation>Nähe der Anpassung</translation>
  </message>
  <message>
   <source>How closely the logistic regression follows the samples; lower is smoother.</source>
   <translation>Wie eng die logistische Regression den Stichproben folgt; kleiner ist glatter.</translation>
  </message>
  <message>
   <source>Trees of the forest.</source>
   <translation>Anzahl der Bäume des Random Forest.</translation>
  </message>
  <message>
   <source>Random forest</source>
   <translation>Random Forest</translation>
  </message>
  <message>
   <source>Many decision trees that vote; quick, steady with few samples, and in need of no tuning.</source>
   <translation>Viele Entscheidungsbäume stimmen ab; schnell, beständig bei wenigen Stichproben, ohne Feineinstellung.</translation>
  </message>
  <message>
   <source>Number of trees; more are steadier and slower. Long et al. take 500.</source>
   <translation>Anzahl der Bäume; mehr sind beständiger und langsamer. Long et al. nehmen 500.</translation>
  </message>
  <message>
   <source>Features tried at each split; 0 takes the square root of their number.</source>
   <translation>Merkmale, die bei jeder Teilung probiert werden; 0 nimmt die Quadratwurzel ihrer Anzahl.</translation>
  </message>
  <message>
   <source>Fewest samples in a leaf; 5 halves the trees at a small loss.</source>
   <translation>Mindestzahl der Stichproben in einem Blatt; 5 halbiert die Größe der Bäume bei geringem Verlust.</translation>
  </message>
  <message>
   <source>Samples drawn for each tree; 0 draws as many as there are. 20,000 makes a large fit much faster.</source>
   <translation>Stichproben, die für jeden Baum gezogen werden; 0 zieht so viele, wie es gibt. 20.000 macht ein großes Training viel schneller.</translation>
  </message>
  <message>
   <source>Split points</source>
   <translation>Teilungspunkte</translation>
  </message>
  <message>
   <source>best: each split takes the best threshold of each feature it tries. random: a random one, and each tree learns from all samples (extremely randomised trees); three times as quick to fit, often a little better.</source>
   <translation>„beste“: Jede Teilung nimmt die beste Schwelle jedes Merkmals, das sie probiert. „zufällig“: eine zufällige, und jeder Baum lernt aus allen Stichproben (extremely randomised trees); dreimal so schnell trainiert, oft etwas besser.</translation>
  </message>
  <message>
   <source>best</source>
   <translation>beste</translation>
  </message>
  <message>
   <source>Recurrent network</source>
   <translation>Rekurrentes Netz</translation>
  </message>
  <message>
   <source>Reads the season step by step (RNN, LSTM, GRU); quick as a plain RNN; where the order of events counts.</source>
   <translation>Liest die Saison Schritt für Schritt (RNN, LSTM, GRU); schnell als einfaches RNN; wenn die Reihenfolge der Ereignisse zählt.</translation>
  </message>
  <message>
   <source>Kind of cell</source>
   <translation>Art der Zelle</translation>
  </message>
  <message>
   <source>rnn: the plainest and quickest. lstm, gru: gates decide what is remembered and what forgotten.</source>
   <translation>RNN: die einfachste und schnellste. LSTM, GRU: Tore entscheiden, was gemerkt und was vergessen wird.</translation>
  </message>
  <message>
   <source>rnn</source>
   <translation>RNN</translation>
  </message>
  <message>
   <source>lstm</source>
   <translation>LSTM</translation>
  </message>
  <message>
   <source>gru</source>
   <translation>GRU</translation>
  </message>
  <message>
   <source>Reading</source>
   <translation>Leserichtung</translation>
  </message>
  <message>
   <source>plain: one layer, read forwards. bidirectional: two layers, read both ways. attentive: the same, then a weighted mean over the steps in place of all steps side by side.</source>
   <translation>„einfach“: eine Schicht, vorwärts gelesen. „bidirektional“: zwei Schichten, in beiden Richtungen gelesen. „mit Aufmerksamkeit“: ebenso, dann ein gewichteter Mittelwert über die Schritte anstelle aller Schritte nebeneinander.</translation>
  </message>
  <message>
   <source>plain</source>
   <translation>einfach</translation>
  </message>
  <message>
   <source>bidirectional</source>
   <translation>bidirektional</translation>
  </message>
  <message>
   <source>attentive</source>
   <translation>mit Aufmerksamkeit</translation>
  </message>
  <message>
   <source>Memory</source>
   <translation>Gedächtnis</translation>
  </message>
  <message>
   <source>Numbers that each direction remembers.</source>
   <translation>Anzahl der Zahlen, die sich jede Richtung merkt.</translation>
  </message>
  <message>
   <source>Share of values left out between the two layers while training.</source>
   <translation>Anteil der Werte, die beim Training zwischen den beiden Schichten ausgelassen werden.</translation>
  </message>
  <message>
   <source>StarRNN</source>
   <translation>StarRNN</translation>
  </message>
  <message>
   <source>Stacked recurrent layers with one gate each; few weights, slow to train; for many samples.</source>
   <translation>Gestapelte rekurrente Schichten mit je einem Tor; wenige Gewichte, langsam beim Training; für viele Stichproben.</translation>
  </message>
  <message>
   <source>Numbers that each layer remembers.</source>
   <translation>Anzahl der Zahlen, die sich jede Schicht merkt.</translation>
  </message>
  <message>
   <source>Share of each layer's outputs left out while training.</source>
   <translation>Anteil der Ausgaben jeder Schicht, der beim Training ausgelassen wird.</translation>
  </message>
  <message>
   <source>Tied layers of the benchmark</source>
   <translation>Gekoppelte Schichten des Benchmarks</translation>
  </message>
  <message>
   <source>All layers but the first are one and the same, as in the benchmark's code; for comparisons.</source>
   <translation>Alle Schichten außer der ersten sind ein und dieselbe, wie im Code des Benchmarks; für Vergleiche.</translation>
  </message>
  <message>
   <source>TempCNN</source>
   <translation>TempCNN</translation>
  </message>
  <message>
   <source>Three convolutions along the season; quick to train and to map with, and good from a few hundred samples.</source>
   <translation>Drei Faltungen entlang der Saison; schnell beim Training und beim Kartieren, gut ab einigen hundert Stichproben.</translation>
  </message>
  <message>
   <source>Patterns that each convolution looks for.</source>
   <translation>Anzahl der Muster, nach denen jede Faltung sucht.</translation>
  </message>
  <message>
   <source>Kernel length</source>
   <translation>Kernlänge</translation>
  </message>
  <message>
   <source>Steps that a convolution sees at a time; an odd number.</source>
   <translation>Anzahl der Schritte, die eine Faltung auf einmal sieht; eine ungerade Zahl.</translation>
  </message>
  <message>
   <source>Width of the last layer</source>
   <translation>Breite der letzten Schicht</translation>
  </message>
  <message>
   <source>Width of the layer before the classes.</source>
   <translation>Breite der Schicht vor den Klassen.</translation>
  </message>
  <message>
   <source>Transformer</source>
   <translation>Transformer</translation>
  </message>
  <message>
   <source>Attention over the season's steps; the most accurate with many samples, and slow without a GPU.</source>
   <translation>Aufmerksamkeit über die Schritte der Saison; mit vielen Stichproben am genauesten, ohne Grafikkarte langsam.</translation>
  </message>
  <message>
   <source>Numbers that describe a time step; a multiple of twice the heads.</source>
   <translation>Anzahl der Zahlen, die einen Zeitschritt beschreiben; ein Vielfaches der doppelten Zahl der Köpfe.</translation>
  </message>
  <message>
   <source>Positions of the study's code</source>
   <translation>Positionen des Codes der Studie</translation>
  </message>
  <message>
   <source>Use the source study's position code, whose sign error makes neighbouring steps unlike; for comparisons.</source>
   <translation>Den Positionscode der ursprünglichen Studie verwenden, dessen Vorzeichenfehler benachbarte Schritte einander unähnlich macht; für Vergleiche.</translation>
  </message>
  <message>
   <source>Batch statistics of the target</source>
   <translation>Stapelstatistik des Zielgebiets</translation>
  </message>
  <message>
   <source>Takes the source's network and replaces the figures of its batch normalisation by the target's, without labels.</source>
   <translation>Nimmt das Netz des Ausgangsgebiets und ersetzt die Zahlen seiner Stapelnormierung durch die des Zielgebiets, ohne bekannte Kulturen.</translation>
  </message>
  <message>
   <source>Most series</source>
   <translation>Höchstens so viele Zeitreihen</translation>
  </message>
  <message>
   <source>Figures are taken over so many series of the target, drawn at random where there are more.</source>
   <translation>Die Zahlen werden an so vielen Zeitreihen des Zielgebiets bestimmt, zufällig gezogen, wo es mehr gibt.</translation>
  </message>
  <message>
   <source>Domain-adversarial training by class</source>
   <translation>Gegnerisches Training je Klasse (CDAN)</translation>
  </message>
  <message>
   <source>Trains a network whose features, class by class, do not tell the two sites apart; no labels of the target.</source>
   <translation>Trainiert ein Netz, dessen Merkmale Klasse für Klasse die beiden Gebiete nicht unterscheiden; ohne bekannte Kulturen des Zielgebiets.</translation>
  </message>
  <message>
   <source>Pull</source>
   <translation>Zug</translation>
  </message>
  <message>
   <source>How strongly the network works against the second one, beside the loss over the source's labels; 1 is the published strength, which mixes up classes where their shares differ.</source>
   <translation>Wie stark das Netz gegen das zweite arbeitet, neben dem Verlust an den bekannten Kulturen des Ausgangsgebiets; 1 ist die veröffentlichte Stärke, die Klassen vermengt, wo sich ihre Anteile unterscheiden.</translation>
  </message>
  <message>
   <source>Target scaling</source>
   <translation>Skalierung des Zielgebiets</translation>
  </message>
  <message>
   <source>source: the target's series are standardised by the source's means and deviations. own: by their own, which takes off what light or sensor do to all classes alike, but harms where the mix of crops differs.</source>
   <translation>Ausgang: Die Zeitreihen des Zielgebiets werden mit Mittel und Streuung des Ausgangsgebiets standardisiert. Eigene: mit ihren eigenen; das nimmt weg, was Licht oder Sensor allen Klassen gleich antun, schadet aber, wo die Kulturen anders gemischt sind.</translation>
  </message>
  <message>
   <source>source</source>
   <translation>Ausgang</translation>
  </message>
  <message>
   <source>own</source>
   <translation>eigene</translation>
  </message>
  <message>
   <source>Batch normalisation</source>
   <translation>Stapelnormierung</translation>
  </message>
  <message>
   <source>apart: each site goes through the network by itself and has its own statistics; the model keeps the target's. shared: both go through in one batch. Networks without batch normalisation do not care.</source>
   <translation>Getrennt: Jedes Gebiet geht für sich durch das Netz und hat seine eigene Statistik; das Modell behält die des Zielgebiets. Gemeinsam: Beide gehen in einem Stapel hindurch. Netzen ohne Stapelnormierung ist es gleich.</translation>
  </message>
  <message>
   <source>apart</source>
   <translation>getrennt</translation>
  </message>
  <message>
   <source>shared</source>
   <translation>gemeinsam</translation>
  </message>
  <message>
   <source>Best epoch</source>
   <translation>Bester Durchgang</translation>
  </message>
  <message>
   <source>What is lowest in the epoch that is kept: the loss over the source's validation samples and how unsure the model is of the target (information, where one class for everything does not count as sure; or the plain entropy), or that loss alone (source). last: the last epoch, whatever the losses.</source>
   <translation>Was in dem Durchgang am kleinsten ist, der behalten wird: der Verlust an den Überwachungsstichproben des Ausgangsgebiets und wie unsicher das Modell im Zielgebiet ist (Information, wobei eine Klasse für alles nicht als sicher gilt; oder die einfache Entropie), oder nur dieser Verlust (Ausgang). Letzter: der letzte Durchgang, wie die Verluste auch sind.</translation>
  </message>
  <message>
   <source>information</source>
   <translation>Information</translation>
  </message>
  <message>
   <source>last</source>
   <translation>letzter</translation>
  </message>
  <message>
   <source>Begin</source>
   <translation>Beginn</translation>
  </message>
  <message>
   <source>package: the training begins with the source's model where one is given. new: with first weights.</source>
   <translation>Paket: Das Training beginnt mit dem Modell des Ausgangsgebiets, wo eines gegeben ist. Neu: mit Anfangsgewichten.</translation>
  </message>
  <message>
   <source>package</source>
   <translation>Paket</translation>
  </message>
  <message>
   <source>new</source>
   <translation>neu</translation>
  </message>
  <message>
   <source>Trainings</source>
   <translation>Trainingsläufe</translation>
  </message>
  <message>
   <source>Trainings that differ by chance alone (order, dropout, first weights). Kept is the one whose best epoch is best by the same measure, without a label of the target.</source>
   <translation>Trainingsläufe, die sich nur durch Zufall unterscheiden (Reihenfolge, Dropout, erste Gewichte). Behalten wird der, dessen beste Epoche nach demselben Maß die beste ist, ohne eine bekannte Kultur des Zielgebiets.</translation>
  </message>
  <message>
   <source>Discriminator</source>
   <translation>Diskriminator</translation>
  </message>
  <message>
   <source>Width of the two layers that tell the sites apart.</source>
   <translation>Breite der beiden Schichten, die die Gebiete unterscheiden.</translation>
  </message>
  <message>
   <source>Discriminator factor</source>
   <translation>Faktor des Diskriminators</translation>
  </message>
  <message>
   <source>By what the step size is multiplied for the discriminator.</source>
   <translation>Womit die Schrittweite für den Diskriminator malgenommen wird.</translation>
  </message>
  <message>
   <source>By sureness</source>
   <translation>Nach Sicherheit</translation>
  </message>
  <message>
   <source>Series whose class the network is sure of count more where the sites are told apart.</source>
   <translation>Zeitreihen, deren Klasse das Netz sicher kennt, zählen mehr, wo die Gebiete unterschieden werden.</translation>
  </message>
  <message>
   <source>Kernel distance of the sites by class</source>
   <translation>Kernabstand der Gebiete je Klasse</translation>
  </message>
  <message>
   <source>Trains a network whose features of a class are alike on both sites, by guessed classes; no labels of the target.</source>
   <translation>Trainiert ein Netz, dessen Merkmale einer Klasse in beiden Gebieten gleich sind, nach vermuteten Klassen; ohne bekannte Kulturen des Zielgebiets.</translation>
  </message>
  <message>
   <source>How strongly the classes of the two sites are drawn together, beside the loss over the source's labels; strong, it mixes up classes that are guessed wrongly.</source>
   <translation>Wie stark die Klassen der beiden Gebiete zusammengezogen werden, neben dem Verlust an den bekannten Kulturen des Ausgangsgebiets; stark vermengt es Klassen, die falsch vermutet sind.</translation>
  </message>
  <message>
   <source>Source aligned to the target (CORAL)</source>
   <translation>Ausgangsgebiet an das Zielgebiet angeglichen (CORAL)</translation>
  </message>
  <message>
   <source>Gives the source's series the mean and covariance of the target's, and trains any model on them, forests too.</source>
   <translation>Gibt den Zeitreihen des Ausgangsgebiets Mittel und Kovarianz derer des Zielgebiets und trainiert daran ein beliebiges Modell, auch Wälder.</translation>
  </message>
  <message>
   <source>Over</source>
   <translation>Über</translation>
  </message>
  <message>
   <source>bands: how bands go together, the same at every date; few numbers, which are soon known. series: how all dates and bands go together; where crops' shares differ it harms.</source>
   <translation>Kanäle: wie Kanäle zusammenhängen, an jedem Termin gleich; wenige Zahlen, die bald bekannt sind. Zeitreihen: wie alle Termine und Kanäle zusammenhängen; wo sich die Anteile der Kulturen unterscheiden, schadet es.</translation>
  </message>
  <message>
   <source>series</source>
   <translation>Zeitreihen</translation>
  </message>
  <message>
   <source>How much of each covariance is replaced by that of unrelated numbers: 0 trusts the samples, 1 leaves how numbers go together as it is. -1: as much as the samples' number asks for (Ledoit and Wolf).</source>
   <translation>Wie viel jeder Kovarianz durch die unabhängiger Zahlen ersetzt wird: 0 vertraut den Stichproben, 1 lässt den Zusammenhang der Zahlen, wie er ist. -1: so viel, wie die Anzahl der Stichproben verlangt (Ledoit und Wolf).</translation>
  </message>
  <message>
   <source>Move means</source>
   <translation>Mittel verschieben</translation>
  </message>
  <message>
   <source>Whether the mean series is moved to the target's too; the paper standardises both places first, which does the same.</source>
   <translation>Ob auch die mittlere Zeitreihe zu der des Zielgebiets verschoben wird; die Veröffentlichung standardisiert zuvor beide Gebiete, was dasselbe bewirkt.</translation>
  </message>
  <message>
   <source>Domain-adversarial training</source>
   <translation>Gegnerisches Training (DANN)</translation>
  </message>
  <message>
   <source>Trains a network whose features do not tell the two sites apart; for similar shares of crops, without labels.</source>
   <translation>Trainiert ein Netz, dessen Merkmale die beiden Gebiete nicht unterscheiden; bei ähnlichen Anteilen der Kulturen, ohne bekannte Kulturen.</translation>
  </message>
  <message>
   <source>Legacy</source>
   <translation>Wie veröffentlicht</translation>
  </message>
  <message>
   <source>The settings of Long et al. 2026, as a reference: 10 epochs of which the last is kept, 32 and 32 series in one batch, a pull that rises over 1,000 batches, a discriminator of 1,024 that steps 100 times as far.</source>
   <translation>Die Einstellungen von Long et al. 2026 zum Vergleich: 10 Durchgänge, deren letzter behalten wird, 32 und 32 Zeitreihen in einem Stapel, ein Zug, der über 1.000 Stapel ansteigt, ein Diskriminator der Breite 1.024, der 100-mal so große Schritte macht.</translation>
  </message>
  <message>
   <source>Deep CORAL</source>
   <translation>Deep CORAL</translation>
  </message>
  <message>
   <source>Trains a network whose features have like means and covariances on both sites; mild, and without labels.</source>
   <translation>Trainiert ein Netz, dessen Merkmale in beiden Gebieten gleiche Mittel und Kovarianzen haben; sanft und ohne bekannte Kulturen.</translation>
  </message>
  <message>
   <source>How strongly the two sites are drawn together, beside the loss over the source's labels; 0: not at all.</source>
   <translation>Wie stark die beiden Gebiete zusammengezogen werden, neben dem Verlust an den bekannten Kulturen des Ausgangsgebiets; 0: gar nicht.</translation>
  </message>
  <message>
   <source>Means</source>
   <translation>Mittel</translation>
  </message>
  <message>
   <source>Draw the means together too; the published loss leaves them apart.</source>
   <translation>Auch die Mittel zusammenziehen; der veröffentlichte Verlust lässt sie aus.</translation>
  </message>
  <message>
   <source>Source model as it is</source>
   <translation>Modell des Ausgangsgebiets, wie es ist</translation>
  </message>
  <message>
   <source>Takes the source's model, its scaling included, as it is; nothing of the target is needed.</source>
   <translation>Nimmt das Modell des Ausgangsgebiets mit seiner Skalierung, wie es ist; vom Zielgebiet ist nichts nötig.</translation>
  </message>
  <message>
   <source>Forest on the source model's features</source>
   <translation>Random Forest auf Merkmalen des Ausgangsmodells</translation>
  </message>
  <message>
   <source>Leaves the source's network as it is and grows a random forest on its features of the target's labels.</source>
   <translation>Lässt das Netz des Ausgangsgebiets, wie es ist, und lässt auf seinen Merkmalen der bekannten Kulturen des Zielgebiets einen Random Forest wachsen.</translation>
  </message>
  <message>
   <source>Source model trained on with the target's labels</source>
   <translation>Ausgangsmodell mit Kulturen des Zielgebiets weitertrainiert</translation>
  </message>
  <message>
   <source>Trains the source's network on with the target's labels; for a few hundred labels and more.</source>
   <translation>Trainiert das Netz des Ausgangsgebiets mit den bekannten Kulturen des Zielgebiets weiter; ab einigen hundert Stichproben.</translation>
  </message>
  <message>
   <source>What learns</source>
   <translation>Was lernt</translation>
  </message>
  <message>
   <source>full: the whole network. balanced: the same, and rare classes count more. head: only the last layer, on classes shown equally often; quickest, and changes the source least. partial: all but the layers that read the series. two_stage: the last layer alone for half of the epochs, then the last block with it, at a tenth of the step size.</source>
   <translation>Ganz: das ganze Netz. Ausgeglichen: ebenso, und seltene Klassen zählen mehr. Kopf: nur die letzte Schicht, an gleich oft gezeigten Klassen; am schnellsten, und ändert das Ausgangsmodell am wenigsten. Teilweise: alles außer den Schichten, die die Zeitreihen lesen. Zwei Stufen: die Hälfte der Durchgänge nur die letzte Schicht, dann mit ihr der letzte Block, mit einem Zehntel der Schrittweite.</translation>
  </message>
  <message>
   <source>full</source>
   <translation>ganz</translation>
  </message>
  <message>
   <source>balanced</source>
   <translation>ausgeglichen</translation>
  </message>
  <message>
   <source>head</source>
   <translation>Kopf</translation>
  </message>
  <message>
   <source>partial</source>
   <translation>teilweise</translation>
  </message>
  <message>
   <source>two stage</source>
   <translation>zwei Stufen</translation>
  </message>
  <message>
   <source>Most passes over the target's labels; two_stage shares them.</source>
   <translation>Höchstens so viele Durchgänge über die bekannten Kulturen des Zielgebiets; „zwei Stufen“ teilt sie auf.</translation>
  </message>
  <message>
   <source>Largest step size; ten times as large where the last layer learns alone.</source>
   <translation>Größte Schrittweite; zehnmal so groß, wo nur die letzte Schicht lernt.</translation>
  </message>
  <message>
   <source>Keep what is known of classes</source>
   <translation>Bekanntes über Klassen behalten</translation>
  </message>
  <message>
   <source>Classes that the source knows by the same name begin with what it knows of them; others, and all where this is off, begin anew.</source>
   <translation>Klassen, die das Ausgangsgebiet unter demselben Namen kennt, beginnen mit dem, was es von ihnen weiß; andere, und alle, wo dies aus ist, beginnen neu.</translation>
  </message>
  <message>
   <source>preset: as the choice above says. none: samples count alike. weights: errors of rare classes count more. root_weights: the same, less strongly. sampling: rare classes are shown more often.</source>
   <translation>Vorgabe: wie die Wahl oben sagt. Keine: Stichproben zählen gleich. Gewichte: Fehler seltener Klassen zählen mehr. Wurzelgewichte: dasselbe, weniger stark. Ziehung: Seltene Klassen werden öfter gezeigt.</translation>
  </message>
  <message>
   <source>preset</source>
   <translation>Vorgabe</translation>
  </message>
  <message>
   <source>Source model, shares of classes known</source>
   <translation>Modell des Ausgangsgebiets, Anteile der Klassen bekannt</translation>
  </message>
  <message>
   <source>Takes the source's model and favours classes that are more common at the target, by shares that you give.</source>
   <translation>Nimmt das Modell der Quelle und bevorzugt Klassen, die am Ziel häufiger sind, nach Anteilen, die Sie angeben.</translation>
  </message>
  <message>
   <source>Shares</source>
   <translation>Anteile</translation>
  </message>
  <message>
   <source>Share of each class at the target, such as 'corn 0.4, soybean 35 %, other 0.25', from statistics of planted area. Classes that are not named divide what is left as the model learnt them.</source>
   <translation>Anteil jeder Klasse am Ziel, etwa 'corn 0.4, soybean 35 %, other 0.25', aus Anbaustatistiken. Klassen, die nicht genannt sind, teilen sich den Rest so, wie das Modell sie gelernt hat.</translation>
  </message>
  <message>
   <source>Kernel distance of the sites</source>
   <translation>Kernabstand der Gebiete</translation>
  </message>
  <message>
   <source>Trains a network whose features are spread alike on both sites; for similar shares of crops, without labels.</source>
   <translation>Trainiert ein Netz, dessen Merkmale in beiden Gebieten gleich verteilt sind; bei ähnlichen Anteilen der Kulturen, ohne bekannte Kulturen.</translation>
  </message>
  <message>
   <source>All sites and years together</source>
   <translation>Alle Gebiete und Jahre zusammen</translation>
  </message>
  <message>
   <source>Trains one model on the samples of all sites and years, the target's labels included where there are any.</source>
   <translation>Trainiert ein Modell an den Stichproben aller Gebiete und Jahre, auch an denen des Zielgebiets, wo es welche gibt.</translation>
  </message>
  <message>
   <source>Equal sites and years</source>
   <translation>Gebiete und Jahre gleich</translation>
  </message>
  <message>
   <source>Samples of small sites and years are repeated, so that a few of the target are not lost among many of the source. Off: each sample counts the same.</source>
   <translation>Stichproben kleiner Gebiete und Jahre werden wiederholt, damit wenige des Zielgebiets nicht unter vielen des Ausgangsgebiets verloren gehen. Aus: Jede Stichprobe zählt gleich.</translation>
  </message>
  <message>
   <source>Rows of each</source>
   <translation>Zeilen je Gebiet</translation>
  </message>
  <message>
   <source>Samples that each site and year counts as: larger ones are thinned, smaller ones repeated. 0: as many as the largest has.</source>
   <translation>Als wie viele Stichproben jedes Gebiet und Jahr zählt: Größere werden ausgedünnt, kleinere wiederholt. 0: so viele, wie das größte hat.</translation>
  </message>
  <message>
   <source>Validation</source>
   <translation>Überwachung</translation>
  </message>
  <message>
   <source>Which samples decide when a network stops. all: a share of those of every site and year. target: a share of the target's. domain: one whole site and year of the source, as the target is another one too.</source>
   <translation>Welche Stichproben entscheiden, wann ein Netz aufhört. Alle: ein Anteil derer jedes Gebiets und Jahres. Ziel: ein Anteil derer des Zielgebiets. Gebiet: ein ganzes Gebiet und Jahr des Ausgangs, wie ja auch das Ziel ein anderes ist.</translation>
  </message>
  <message>
   <source>target</source>
   <translation>Ziel</translation>
  </message>
  <message>
   <source>domain</source>
   <translation>Gebiet</translation>
  </message>
  <message>
   <source>For domain: which one, as 'site year', such as 'Banat 2022'. Empty: the one with the fewest samples.</source>
   <translation>Für „Gebiet“: welches, als „Gebiet Jahr“, etwa „Banat 2022“. Leer: das mit den wenigsten Stichproben.</translation>
  </message>
  <message>
   <source>Target labels alone</source>
   <translation>Nur Kulturen des Zielgebiets</translation>
  </message>
  <message>
   <source>Trains a model on the target's labels and nothing else; the better the more there are.</source>
   <translation>Trainiert ein Modell an den bekannten Kulturen des Zielgebiets und an nichts sonst; je mehr es sind, desto besser.</translation>
  </message>
  <message>
   <source>Source model, calendar shifted</source>
   <translation>Modell des Ausgangsgebiets, Kalender verschoben</translation>
  </message>
  <message>
   <source>Takes the source's model as it is and moves the target's series by the days at which its answers fit best.</source>
   <translation>Nimmt das Modell des Ausgangsgebiets, wie es ist, und verschiebt die Zeitreihen des Zielgebiets um die Tage, bei denen seine Antworten am besten passen.</translation>
  </message>
  <message>
   <source>Best shift</source>
   <translation>Beste Verschiebung</translation>
  </message>
  <message>
   <source>information: where the model is sure of each series and does not answer one class for all. entropy: where it is sure. shares: where it is sure and answers classes as often as the source's samples have them; for sites with the same mix of crops.</source>
   <translation>Information: wo das Modell bei jeder Zeitreihe sicher ist und nicht für alle dieselbe Klasse nennt. Entropie: wo es sicher ist. Anteile: wo es sicher ist und Klassen so oft nennt, wie die Stichproben des Ausgangsgebiets sie haben; für Gebiete mit gleicher Mischung der Kulturen.</translation>
  </message>
  <message>
   <source>shares</source>
   <translation>Anteile</translation>
  </message>
  <message>
   <source>Longest</source>
   <translation>Längste Verschiebung</translation>
  </message>
  <message>
   <source>Most days that a season is moved by.</source>
   <translation>Um höchstens so viele Tage wird eine Saison verschoben.</translation>
  </message>
  <message>
   <source>Least gain</source>
   <translation>Kleinster Gewinn</translation>
  </message>
  <message>
   <source>The season is not moved where that gains less, in nats: so little may be chance, or an answer that is wrong and sure.</source>
   <translation>Die Saison wird nicht verschoben, wo das weniger bringt, in Nats: So wenig kann Zufall sein, oder eine Antwort, die falsch und sicher ist.</translation>
  </message>
  <message>
   <source>Series that are looked at, drawn where there are more.</source>
   <translation>Zeitreihen, die angesehen werden; gezogen, wo es mehr gibt.</translation>
  </message>
  <message>
   <source>Source-free adaptation</source>
   <translation>Anpassung ohne Ausgangsdaten</translation>
  </message>
  <message>
   <source>Lets the source's network adapt to the target's series by making its answers sure and its classes all used.</source>
   <translation>Lässt das Netz des Ausgangsgebiets sich an die Zeitreihen des Zielgebiets anpassen, indem seine Antworten sicher und alle Klassen genutzt werden.</translation>
  </message>
  <message>
   <source>Step size</source>
   <translation>Schrittweite</translation>
  </message>
  <message>
   <source>As a share of the step size that the model is trained with from its beginning.</source>
   <translation>Als Anteil der Schrittweite, mit der das Modell von Anfang an trainiert wird.</translation>
  </message>
  <message>
   <source>Passes over the target's series.</source>
   <translation>Durchgänge über die Zeitreihen des Zielgebiets.</translation>
  </message>
  <message>
   <source>Own labels</source>
   <translation>Eigene Antworten</translation>
  </message>
  <message>
   <source>How strongly the class of the nearest centre of features counts as the label of a series; 0: not at all.</source>
   <translation>Wie stark die Klasse der nächsten Mitte der Merkmale als Kultur einer Zeitreihe zählt; 0: gar nicht.</translation>
  </message>
  <message>
   <source>Move the season first</source>
   <translation>Zuerst die Saison verschieben</translation>
  </message>
  <message>
   <source>Find the shift of the calendar first, and move the series by it.</source>
   <translation>Zuerst die Verschiebung des Kalenders suchen und die Zeitreihen um sie verschieben.</translation>
  </message>
  <message>
   <source>Source model, target's scaling</source>
   <translation>Modell des Ausgangsgebiets, Skalierung des Zielgebiets</translation>
  </message>
  <message>
   <source>Takes the source's network and standardises the target's series by their own mean and deviation.</source>
   <translation>Nimmt das Netz des Ausgangsgebiets und standardisiert die Zeitreihen des Zielgebiets mit ihrem eigenen Mittel und ihrer Streuung.</translation>
  </message>
  <message>
   <source>TimeMatch</source>
   <translation>TimeMatch</translation>
  </message>
  <message>
   <source>Moves the source's season to the target's calendar and lets the network learn there from its own sure answers.</source>
   <translation>Verschiebt die Saison des Ausgangsgebiets zum Kalender des Zielgebiets und lässt das Netz dort aus seinen eigenen sicheren Antworten lernen.</translation>
  </message>
  <message>
   <source>Passes over the source's samples.</source>
   <translation>Durchgänge über die Stichproben des Ausgangsgebiets.</translation>
  </message>
  <message>
   <source>Sure from</source>
   <translation>Sicher ab</translation>
  </message>
  <message>
   <source>Probability from which the teacher's answer to a series counts as its label.</source>
   <translation>Wahrscheinlichkeit, ab der die Antwort des Lehrers zu einer Zeitreihe als ihre Kultur zählt.</translation>
  </message>
  <message>
   <source>Weight</source>
   <translation>Gewicht</translation>
  </message>
  <message>
   <source>How strongly the target's series count, beside the source's labels.</source>
   <translation>Wie stark die Zeitreihen des Zielgebiets neben den bekannten Kulturen des Ausgangsgebiets zählen.</translation>
  </message>
  <message>
   <source>Share of itself that the teacher keeps at each update; the rest it takes from the network that learns. 0.9999 in the study, which made 10,000 updates.</source>
   <translation>Welchen Anteil von sich der Lehrer bei jeder Änderung behält; den Rest nimmt er von dem Netz, das lernt. 0,9999 in der Untersuchung, die 10.000 Änderungen machte.</translation>
  </message>
  <message>
   <source>shared: one set of statistics for both sites, which go through the network by themselves. apart: the target has its own, as in the study; where its mix of crops differs, that costs accuracy. Networks without batch normalisation do not care.</source>
   <translation>Gemeinsam: eine Statistik für beide Gebiete, die jedes für sich durch das Netz gehen. Getrennt: Das Zielgebiet hat seine eigene, wie in der Untersuchung; wo seine Kulturen anders gemischt sind, kostet das Genauigkeit. Netzen ohne Stapelnormierung ist es gleich.</translation>
  </message>
 </context>
</TS>
