"""Codes of data, files, weights and devices."""

from typing import Literal

from vggdsl.text.codes.row import Code

Name = Literal[
    "V501", "V502", "V503", "V504", "V506", "V507", "V508", "V509", "V510", "V511", "V512", "V513", "V514", "V515",
    "V516", "V517", "V518", "V520", "V521", "V522", "V523", "V525", "V526", "V527", "V528", "V529", "V530", "V531",
    "V532", "V533", "V534", "V535", "V536", "V540", "W501", "W502", "W503", "W504", "W505", "W506",
]  # fmt: skip

_FILES = "a file or a folder of a certain kind"
_DATA = "a data set"
_MODEL = "a file of weights or a model"
_RUN = "a run's folder"
_MACHINE = "a machine of a certain kind"
_TRAINING = "a training"

ROWS = (
    Code(
        "V501",
        "input",
        "a spec, a file, a run or a source that isn't there",
        "What was named is no file and no spec that ships, or a folder that doesn't hold what was asked for.",
        "Check the name; `vggdsl specs` lists what ships, `vggdsl claims` the sources.",
        unshown="a name that is nobody's",
        about_call=True,
    ),
    Code(
        "V502",
        "input",
        "a file that can't be read as a spec",
        "The system refuses to read the file, it isn't text in UTF-8, or it is too large to be a spec.",
        "Is it a spec? Save it in UTF-8, or change the permissions.",
        unshown=_FILES,
    ),
    Code(
        "V503",
        "input",
        "a data set that isn't there",
        "The images that a recipe names aren't in the folder for data.",
        "Say where they are with `--data DIR`, or let them be fetched with `--download`.",
        unshown=_DATA,
        about_call=True,
    ),
    Code(
        "V504",
        "input",
        "something asked for that a spec or a library doesn't have",
        "The spec has no recipe of that name or no layer on that line, or torchvision no such model or weights; or "
        "no finding has that code.",
        "Ask for one of those that the help lists.",
        unshown="a question, and not a text",
        about_call=True,
    ),
    Code(
        "V506",
        "input",
        "a file that can't be written",
        "The system refuses to write a file, or somebody else changed it meanwhile. What was there is as it was. A "
        "training also ends where another process has taken its folder, whose lock it had.",
        "Name another place, make room, or change the permissions.",
        unshown=_FILES,
    ),
    Code(
        "V507",
        "input",
        "images that don't fit in memory",
        "Small images are held in memory all at once, and there is less free than they take.",
        "Take fewer images or a smaller input, or free memory.",
        unshown=_MACHINE,
    ),
    Code(
        "V508",
        "input",
        "a network that doesn't fit in memory",
        "Training, exporting or predicting takes more memory than is free.",
        "Train with a smaller batch (`--batch`), or on a machine with more memory.",
        unshown=_MACHINE,
    ),
    Code(
        "V509",
        "input",
        "a device that isn't there",
        "The device that was asked for is unknown or can't be used on this machine.",
        "`--device cpu` runs everywhere; `auto` takes the best that there is.",
        unshown=_MACHINE,
        about_call=True,
    ),
    Code(
        "V510",
        "input",
        "weights that don't fit the network",
        "A file of weights or a model has other layers, other shapes or another architecture than the spec.",
        "Were they made for another network? Name the entries as `vggdsl show` names the layers.",
        unshown=_MODEL,
    ),
    Code(
        "V511",
        "input",
        "a model or a picture that can't be written",
        "The system refuses to write the file. What was there is as it was.",
        "Name another place with `-o`, or make room.",
        unshown=_FILES,
    ),
    Code(
        "V512",
        "input",
        "data that can't be used",
        "A data set or one of its images is damaged, or has other classes, splits or channels than the recipe and the "
        "network need.",
        "Unpack or fetch it again, or write the recipe as the help says.",
        example="v512_division",
    ),
    Code(
        "V513",
        "input",
        "a file that holds no usable weights",
        "The file isn't safetensors or a checkpoint of tensors alone, is torn, or holds numbers that aren't finite. "
        "Nothing in it is ever run.",
        "Save the tensors alone, or fetch the file again.",
        unshown=_MODEL,
    ),
    Code(
        "V514",
        "input",
        "a file that is there already",
        "What is written would overwrite a file, which nobody asked for; or specs would lie beside others.",
        "Name another with `-o`, or say `--force`; for specs of a space, another folder with `--write`.",
        unshown=_FILES,
        about_call=True,
    ),
    Code(
        "V515",
        "input",
        "weights that can't be fetched",
        "torchvision's weights couldn't be fetched from the network, its cache can't be used, or a training found them "
        "missing there and wasn't told to fetch them.",
        "Try again, or from another network; a training fetches them with `--download`.",
        unshown="a connection that fails",
    ),
    Code(
        "V516",
        "input",
        "no weights to begin with",
        "A recipe with `init from(…)` begins with the weights of a run or of a file, and there is none that fits; or "
        "what is repeated, or goes on, began with other weights than are there now.",
        "Train that network first, put the file where it was, or name a run or a file with `--from`.",
        unshown=_RUN,
    ),
    Code(
        "V517",
        "input",
        "a logger that can't begin",
        "TensorBoard or Weights & Biases can't write, or isn't logged in.",
        "Do as the help says, or log nothing: `--log none`.",
        unshown=_TRAINING,
    ),
    Code(
        "V518",
        "input",
        "a picture of an unknown kind",
        "What a picture is written as follows from the end of its file's name, and this one says nothing.",
        "Name it `.svg`, `.png` or `.pdf`.",
        unshown=_FILES,
        about_call=True,
    ),
    Code(
        "V520",
        "input",
        "a file that is no usable ONNX",
        "ONNX's own checker or onnxruntime refuses the file.",
        "Export it again.",
        unshown=_MODEL,
    ),
    Code(
        "V521",
        "run",
        "an ONNX file that computes something else",
        "onnxruntime and PyTorch were given the same images and differ by more than rounding.",
        "Was the file made from this network and these weights? Export it again.",
        unshown=_MODEL,
    ),
    Code(
        "V522",
        "input",
        "expected outputs that can't be used",
        "The file for `--expect` isn't one input and the output that it gave, as floating-point numbers of the "
        "network's shapes, or it would show nothing.",
        "Make it by `np.savez`, as the help says.",
        unshown=_MODEL,
    ),
    Code(
        "V523",
        "input",
        "a network that doesn't give the expected outputs",
        "With these weights the network gives other outputs than those of `--expect`, by more than rounding. A file of "
        "weights doesn't say activations and their slopes, padding, epsilons or which layer feeds which.",
        "Write the spec as the network was that the weights were trained in.",
        unshown=_MODEL,
    ),
    Code(
        "V525",
        "input",
        "a form in which a network can't be written",
        "The network has a layer that the opset doesn't have, or that takes maps of one size alone where any should be "
        "taken; or what was asked for isn't there: the likeliest of no probabilities, bytes of no image, an opset that "
        "the installed onnx and onnxruntime can't check. Or what is told of the images doesn't fit the network, or its "
        "weights say it themselves.",
        "Leave the option out, or write it as the help says.",
        unshown=_MODEL,
    ),
    Code(
        "V526",
        "input",
        "a model that isn't the network of the spec",
        "A model of another program was held against the spec, layer by layer from the input on: a layer differs, is "
        "missing or is one too many, or takes from another one; or its outputs differ.",
        "Write the spec as the model is, or take another model. `--json` tells all differences.",
        unshown=_MODEL,
    ),
    Code(
        "V527",
        "input",
        "a model that can't be held against a spec",
        "A part of the model isn't known as a layer, so that nobody can say here whether it implements the spec.",
        "Export it in evaluation mode, and in plain operators of ONNX.",
        unshown=_MODEL,
    ),
    Code(
        "V528",
        "input",
        "a precision in which a network can't be written",
        "Half precision and integers need trained weights, and images of the recipe to find the ranges of values by "
        "and to compare answers on; and layers that are to be kept must be in the file.",
        "Name a run, or give `--weights`, and say where the images are with `--data DIR`.",
        unshown=_MODEL,
    ),
    Code(
        "V529",
        "input",
        "a network that isn't as good in another precision",
        "In half precision or integers the network has a value that can't be told, or loses more of its accuracy on "
        "test images than it may. No file was written.",
        "Leave the layers that lose most in single precision with `--keep`; `--debug-layers` tells which.",
        unshown=_MODEL,
    ),
    Code(
        "V530",
        "input",
        "an image that can't be read",
        "The file is no image, is damaged, or has more pixels or more bits a channel than are read. A training tells "
        "all of its set before it begins.",
        "JPEG, PNG, WebP, GIF, BMP, TIFF, PNM and AVIF can be read, with 8 bits a channel. Save it as one of them, or "
        "train without those of a set that can't be read: `--skip-bad`.",
        unshown="an image",
    ),
    Code(
        "V531",
        "input",
        "an ONNX file that can't name images",
        "The file can't be run, or it doesn't say how images are prepared and what its classes are.",
        "Take one that `vggdsl export` wrote.",
        unshown=_MODEL,
    ),
    Code(
        "V532",
        "input",
        "processes, a device or a server that can't start",
        "CUDA is asked for and can't start, the variables that torchrun sets are there in part, the processes that it "
        "started don't reach each other, have different data or versions, or no common folder of runs, or an address "
        "can't be listened on.",
        "`--device auto` falls back to the CPU; start processes with torchrun, on the same files; choose another "
        "`--port`.",
        unshown=_MACHINE,
        about_call=True,
    ),
    Code(
        "V533",
        "input",
        "a package that isn't installed",
        "Specs are read, checked and shown with little more than lark; what trains, exports or names images takes "
        "packages that aren't there.",
        "Install it as the help says.",
        unshown=_MACHINE,
        about_call=True,
    ),
    Code(
        "V534",
        "input",
        "an evaluation that can't be made",
        "Nothing says with which weights, on which images or at which scale; the images are of other classes than the "
        "network's; it can't take larger images, or its answers are no numbers; or networks that are to answer "
        "together were trained for other images, classes or scales.",
        "Say what the help names.",
        unshown=_RUN,
        about_call=True,
    ),
    Code(
        "V535",
        "input",
        "a model that no spec can say",
        "A spec was to be recovered from a model of another program, and a part of the model is no layer of the "
        "language, or its branches aren't inside each other; the message names the place in the model.",
        "Take it out of the model, or write it there in layers of the language's page.",
        unshown=_MODEL,
    ),
    Code(
        "V536",
        "input",
        "steps that can't be compiled",
        "`--compile` lets PyTorch make kernels for a network. Here it can't, for want of a compiler or by a fault of "
        "its own; or the recipe wants the same bits each time, which compiled kernels don't promise; or several "
        "processes train.",
        "Train with `--no-compile`, as a run may go on that was compiled so far.",
        unshown=_TRAINING,
        about_call=True,
    ),
    Code(
        "V540",
        "input",
        "trainings that Ray can't do",
        "`--on ray` hands trainings to Ray. It can't be started or reached, has no machine with as many CPUs or GPUs "
        "as each training is to have, its machines have another version of vggdsl or don't share this folder, or a "
        "training's process died time and again.",
        "Start Ray, as `ray start --head` does, and name it by RAY_ADDRESS; or train without `--on ray`.",
        unshown=_MACHINE,
        about_call=True,
    ),
    Code(
        "W501",
        "input",
        "the same image in two splits",
        "Images of one split are those of another: their files byte for byte, or their pixels, as of a PNG and a BMP. "
        "What a network has seen in training it may know by heart: accuracies on it say nothing of other images. The "
        "same image saved with a loss, or in another size, isn't found.",
        "Keep each image in one split.",
        unshown=_DATA,
    ),
    Code(
        "W502",
        "input",
        "the same image in two classes",
        "Images are the same, their files byte for byte or their pixels, and have different labels: no network can be "
        "right on them all.",
        "Keep each image in the class that it shows.",
        unshown=_DATA,
    ),
    Code(
        "W503",
        "input",
        "images that are left out",
        "`--skip-bad` trains without the images that can't be read. How many they are is part of the record. "
        "Or images of a class end in what isn't read, such as .heic, or have no ending, or most of its files "
        "do: these are left out in any case.",
        "Mend, convert or rename them, and train without `--skip-bad`.",
        unshown=_DATA,
    ),
    Code(
        "W504",
        "input",
        "folders that may be no classes",
        "Each folder is a class, and these are called as something else: one class in two spellings, folds or years, "
        "masks, what is left over. Or images are called as masks of those beside them, or lie in folders of masks.",
        "Sort the images into a folder a class. If these are the classes, leave them.",
        unshown=_DATA,
    ),
    Code(
        "W505",
        "input",
        "images that show nothing",
        "All images of a split, or a tenth of a class in it, are of a single colour each, as images are that a program "
        "failed to write, masks that were taken for images, first frames of animations, and what is transparent, which "
        "is laid on white. A network learns the colour, or nothing. Or they have no value above 16 of 255, as those "
        "that were saved without scaling 0..1 to 0..255. Or JPEGs may be torn: they can be read, but pixels "
        "are missing at their end, for which a reader fills in grey, or takes bytes of 0.",
        "Look at them, and make them anew. If colours are all that is to be learnt, leave them.",
        unshown=_DATA,
    ),
    Code(
        "W506",
        "input",
        "classes that their files tell apart",
        "All images of a class, and none of any other, are JPEGs, or grey, or of one size. A network may learn that, "
        "and nothing of what they show: it is right on images that were gathered in the same way, and on no others.",
        "Take the images of all classes from the same sources. If this is what the classes are, leave them.",
        unshown=_DATA,
    ),
)
